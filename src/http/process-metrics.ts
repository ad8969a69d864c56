/**
 * Facts about this process under the usual names. Read when asked for: prom-client's own set samples the event loop a
 * hundred times a second and watches the garbage collector, which costs more than the rest of an idle agent.
 */
import { readdir, readFile } from 'node:fs/promises';
import process from 'node:process';
import { Counter, Gauge, type Registry } from 'prom-client';

export function registerProcessMetrics(registry: Registry): void {
  const registers = [registry];
  new Counter({
    name: 'process_cpu_seconds_total',
    help: 'User and system CPU time spent, seconds.',
    registers,
    collect() {
      const { user, system } = process.cpuUsage();
      this.reset();
      this.inc((user + system) / 1e6);
    },
  });
  new Gauge({
    name: 'process_resident_memory_bytes',
    help: 'Resident memory size, bytes.',
    registers,
    collect() {
      this.set(process.memoryUsage.rss());
    },
  });
  new Gauge({
    name: 'nodejs_heap_size_used_bytes',
    help: 'Used size of the JavaScript heap, bytes.',
    registers,
    collect() {
      this.set(process.memoryUsage().heapUsed);
    },
  });
  new Gauge({
    name: 'process_start_time_seconds',
    help: 'When the process started, seconds since the epoch.',
    registers,
    collect() {
      this.set(performance.timeOrigin / 1000);
    },
  });
  new Gauge({
    name: 'process_open_fds',
    help: 'Open file descriptors.',
    registers,
    async collect() {
      // The listing holds one itself.
      const names = await readdir('/proc/self/fd').catch(() => []);
      if (names.length > 0) this.set(names.length - 1);
    },
  });
  new Gauge({
    name: 'process_max_fds',
    help: 'Limit on open file descriptors.',
    registers,
    async collect() {
      const limits = await readFile('/proc/self/limits', 'utf8').catch(() => '');
      const soft = /^Max open files\s+(\d+)/m.exec(limits)?.[1];
      if (soft) this.set(Number(soft));
    },
  });
  new Gauge({
    name: 'nodejs_version_info',
    help: 'The Node.js version; always 1.',
    labelNames: ['version'],
    registers,
    collect() {
      this.set({ version: process.version }, 1);
    },
  });
}
