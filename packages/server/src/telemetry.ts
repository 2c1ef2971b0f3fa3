/**
 * What is counted, in one place: names and labels cannot drift apart between callers, and another
 * library would change this file only. Labels are few by design, and counting never throws.
 */
import { collectDefaultMetrics, Counter, Histogram, Registry } from 'prom-client';

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

export function createTelemetry(): Telemetry {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
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
