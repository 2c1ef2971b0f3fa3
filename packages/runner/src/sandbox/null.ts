/**
 * The measuring sandbox: APP tasks are not started. Each writes one result file and prints one line,
 * everything before and after it is the ordinary path, so what is measured is the platform itself.
 * Engines run for real: a job's chunks have to come from somewhere.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { SandboxTier } from '@bytenite/contract';
import { monotonicMs } from '../clock.ts';
import type { Sandbox, SandboxRequest, SandboxRun } from './sandbox.ts';

const RESULT = Buffer.from('result of the null sandbox\n');
const LINE = Buffer.from('line of the null sandbox\n');

export class NullSandbox implements Sandbox {
  readonly tier: SandboxTier = 'null';
  readonly reason = 'asked for with --sandbox null: app tasks are not run, for measurements only';

  private readonly engines: Sandbox;

  constructor(engines: Sandbox) {
    this.engines = engines;
  }

  run(request: SandboxRequest): SandboxRun {
    if (request.env['TASK_DIR'] === undefined) return this.engines.run(request);
    const atMs = monotonicMs();
    request.onStarted(atMs);
    writeFileSync(join(request.resultsDir, 'result.txt'), RESULT);
    request.onOutput('stdout', LINE, atMs);
    const result = Promise.resolve({
      end: { kind: 'exited' as const, code: 0 },
      startedAtMs: atMs,
      endedAtMs: monotonicMs(),
      cpuSeconds: 0,
      maxMemoryBytes: 0,
    });
    return { result, stop: () => undefined, pauseOutput: () => undefined };
  }

  renew(durationMs: number, sinceMs: number): void {
    this.engines.renew(durationMs, sinceMs);
  }

  close(): Promise<void> {
    return this.engines.close();
  }
}
