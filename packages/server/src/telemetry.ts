/**
 * What is counted, in one place: names and labels cannot drift apart between callers, and another
 * library would change this file only. Labels are few by design, and counting never throws.
 */
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';

import type { DiskSpace } from './disk-space.ts';
import type { OrphanTally } from './engine/orphans.ts';
import type { RunnerDirectory } from './engine/runners.ts';

export interface HttpRequest {
  /** Operation id, or the kind of path. */
  operation: string;
  status: number;
  seconds: number;
}

export interface Telemetry {
  httpRequest: (request: HttpRequest) => void;
  /** Everything in Prometheus' text format. */
  metrics: () => Promise<{ contentType: string; text: string }>;
}

const SECONDS_BUCKETS = [0.001, 0.005, 0.025, 0.1, 0.5, 2.5, 10, 60];

export interface Observed {
  disk: DiskSpace;
  orphans: OrphanTally;
  runners: RunnerDirectory;
  now: () => number;
}

export function createTelemetry({ disk, orphans, runners, now }: Observed): Telemetry {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  showDisk(registry, disk);
  showOrphans(registry, orphans);
  showRunners(registry, runners, now);
  const requests = new Counter({
    name: 'bytenite_http_requests_total',
    help: 'HTTP requests by operation and status',
    labelNames: ['operation', 'status'],
    registers: [registry],
  });
  const seconds = new Histogram({
    name: 'bytenite_http_request_seconds',
    help: 'Time until the head of the reply, by operation',
    labelNames: ['operation'],
    buckets: SECONDS_BUCKETS,
    registers: [registry],
  });
  return {
    httpRequest: (request) => {
      try {
        requests.inc({ operation: request.operation, status: request.status });
        seconds.observe({ operation: request.operation }, request.seconds);
      } catch {
        // A number that is not counted must not fail the request that it counts.
      }
    },
    metrics: async () => ({ contentType: registry.contentType, text: await registry.metrics() }),
  };
}

/** As they are when they are asked for. */
function showDisk(registry: Registry, disk: DiskSpace): void {
  const gauges = [
    ['free_bytes', "Room on the data directory's disk", () => disk.freeBytes()],
    ['limit_bytes', 'Below this much room new work is refused', () => disk.limitBytes()],
    ['low', '1 while new work is refused', () => Number(disk.isLow())],
  ] as const;
  for (const [name, help, value] of gauges) {
    const gauge: Gauge = new Gauge({
      name: `bytenite_disk_${name}`,
      help,
      registers: [registry],
      collect: () => gauge.set(value()),
    });
  }
}

function showOrphans(registry: Registry, orphans: OrphanTally): void {
  const counters = [
    ['orphan_blobs_removed_total', 'Objects removed that no row named', () => orphans.removed],
    ['orphan_blob_bytes_removed_total', 'Bytes of those', () => orphans.bytes],
    ['orphan_sweeps_total', 'Looks at the whole blob store that ended', () => orphans.sweeps],
  ] as const;
  for (const [name, help, value] of counters) {
    const counter: Counter = new Counter({
      name: `bytenite_${name}`,
      help,
      registers: [registry],
      collect() {
        counter.reset();
        counter.inc(value());
      },
    });
  }
}

function showRunners(registry: Registry, runners: RunnerDirectory, now: () => number): void {
  const gauge: Gauge = new Gauge({
    name: 'bytenite_runners',
    help: 'Connected runners: those that take tasks, and those that were drained',
    labelNames: ['state'],
    registers: [registry],
    collect() {
      const all = runners.list(now());
      const draining = all.filter((runner) => runner.draining).length;
      gauge.set({ state: 'ready' }, all.length - draining);
      gauge.set({ state: 'draining' }, draining);
    },
  });
}
