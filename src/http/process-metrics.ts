/** Facts about this process under the usual names, read when asked for. */
import { readdirSync } from 'node:fs';
import process from 'node:process';
import { type Exposition, labelText } from './exposition.ts';
import { readKernelFile } from './kernel-file.ts';

export function writeProcessMetrics(writer: Exposition): void {
  const { user, system } = process.cpuUsage();
  writer.family('process_cpu_seconds_total', 'counter', 'User and system CPU time spent, seconds.');
  writer.sample('', (user + system) / 1e6);
  writer.family('process_resident_memory_bytes', 'gauge', 'Resident memory size, bytes.');
  writer.sample('', process.memoryUsage.rss());
  writer.family('nodejs_heap_size_used_bytes', 'gauge', 'Used size of the JavaScript heap, bytes.');
  writer.sample('', process.memoryUsage().heapUsed);
  writeStartTime(writer);
  writer.family('process_open_fds', 'gauge', 'Open file descriptors.');
  writer.sample('', openFiles());
  writer.family('process_max_fds', 'gauge', 'Limit on open file descriptors.');
  writer.sample('', maxFiles());
  writer.family('nodejs_version_info', 'gauge', 'The Node.js version; always 1.');
  writer.sample(labelText({ version: process.version }), 1);
}

/** Counters of one process begin at its start: each path that has some says when that was. */
export function writeStartTime(writer: Exposition): void {
  writer.family('process_start_time_seconds', 'gauge', 'When the process started, seconds since the epoch.');
  writer.sample('', performance.timeOrigin / 1000);
}

function openFiles(): number | undefined {
  try {
    // The listing holds one itself.
    return readdirSync('/proc/self/fd').length - 1;
  } catch {
    return undefined;
  }
}

function maxFiles(): number | undefined {
  const soft = /^Max open files\s+(\d+)/m.exec(readKernelFile('/proc/self/limits') ?? '')?.[1];
  return soft === undefined ? undefined : Number(soft);
}
