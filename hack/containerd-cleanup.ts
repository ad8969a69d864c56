/**
 * Removes everything a private containerd made: processes, mounts, network, firewall rules, cgroups, files. It works
 * from what is on the machine and never asks containerd, so that it serves a normal stop and a crash alike.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, rmdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Layout } from './containerd-config.ts';
import { type Before, removeNetwork, restoreNetwork } from './containerd-network.ts';
import { killAll, otherInstances } from './containerd-processes.ts';

const cgroupMs = 10_000;
const cgroupMount = '/sys/fs/cgroup';
/** Where containerd puts sandboxes without a cgroup parent. */
const defaultCgroup = 'k8s.io';
const bundles = 'state/io.containerd.runtime.v2.task/k8s.io';

/** Ends when nothing is left. Safe to repeat. `before`: what to go back to when this was the last private containerd. */
export async function removeAll(layout: Layout, before: Before | undefined): Promise<void> {
  const ids = containerIds(layout);
  await killAll(layout, ids);
  unmountAll(layout.dir);
  removeShimSockets(layout);
  removeNetwork(layout, ids);
  await removeCgroups([...ids, layout.cgroupRoot.slice(1)]);
  // What says whose directory it is goes last, so that a clean-up that was cut off can be repeated.
  for (const name of readdirSync(layout.dir)) {
    const path = join(layout.dir, name);
    if (path !== layout.stateFile) rmSync(path, { recursive: true, force: true });
  }
  rmSync(layout.dir, { recursive: true, force: true });
  if (!before || otherInstances(layout.dir).length > 0) return;
  restoreNetwork(before);
  const hierarchies = ['', ...directories(cgroupMount)].map((name) => join(cgroupMount, name, defaultCgroup));
  for (const dir of [...hierarchies, '/run/containerd/s', '/run/containerd']) removeEmpty(dir);
}

/** Ids of all containers and sandboxes it knows or runs. */
function containerIds(layout: Layout): string[] {
  const cri = 'root/io.containerd.grpc.v1.cri';
  const ids = [bundles, `${cri}/containers`, `${cri}/sandboxes`].flatMap((place) =>
    directories(join(layout.dir, place)),
  );
  // Whole ids only: what a short name occurs in would be killed as well.
  return [...new Set(ids.filter((id) => /^[0-9a-f]{64}$/.test(id)))];
}

function unmountAll(dir: string): void {
  const points = readFileSync('/proc/self/mountinfo', 'utf8')
    .split('\n')
    .map((line) => unescapeOctal(line.split(' ')[4] ?? ''))
    .filter((point) => point.startsWith(`${dir}/`))
    .reverse();
  for (let at = 0; at < points.length; at += 50) execFileSync('umount', ['-l', ...points.slice(at, at + 50)]);
}

function unescapeOctal(text: string): string {
  return text.replace(/\\(\d{3})/g, (_, code: string) => String.fromCharCode(Number.parseInt(code, 8)));
}

/** A killed shim leaves its socket in containerd's common directory; the bundle knows its name. */
function removeShimSockets(layout: Layout): void {
  for (const id of directories(join(layout.dir, bundles))) {
    const file = join(layout.dir, bundles, id, 'address');
    const address = existsSync(file) ? readFileSync(file, 'utf8').replace('unix://', '') : '';
    if (address.startsWith('/')) rmSync(address, { force: true });
  }
}

/** Removes the cgroups of these names, wherever they are, with all below them. */
async function removeCgroups(names: readonly string[]): Promise<void> {
  const wanted = new Set(names);
  const find = (dir: string, depth: number): string[] =>
    directories(dir).flatMap((name) => {
      const path = join(dir, name);
      return wanted.has(name) ? [path] : depth > 0 ? find(path, depth - 1) : [];
    });
  // Hierarchy of version 1, cgroup root, kubepods, QoS class, Pod, container.
  const found = find(cgroupMount, 6);
  for (const until = Date.now() + cgroupMs; ; await delay(10)) {
    for (const path of found) removeTree(path);
    const left = found.filter((path) => existsSync(path));
    if (left.length === 0) return;
    // The kernel counts a killed process as present for a moment.
    if (Date.now() > until) throw new Error(`these cgroups cannot be removed: ${left.join(' ')}`);
  }
}

function removeTree(path: string): void {
  for (const name of directories(path)) removeTree(join(path, name));
  removeEmpty(path);
}

function removeEmpty(path: string): void {
  try {
    rmdirSync(path);
  } catch {
    // Not empty, busy or not there.
  }
}

function directories(dir: string): string[] {
  try {
    return readdirSync(dir, { withFileTypes: true }).flatMap((entry) => (entry.isDirectory() ? [entry.name] : []));
  } catch {
    return [];
  }
}
