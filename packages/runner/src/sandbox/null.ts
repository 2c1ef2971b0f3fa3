/**
 * The measuring sandbox: APP tasks are not started. Each writes one result file and prints one line,
 * everything before and after it is the ordinary path, so what is measured is the platform itself.
 * The files of a slot are written in place of the last task's, since no process was there that could
 * hold them; otherwise the file system's inode allocation would be most of what is measured.
 * Engines run for real: a job's chunks have to come from somewhere.
 */
import { closeSync, constants, openSync, writeSync } from 'node:fs';
import type { SandboxTier, TaskNetwork } from '@bytenite/contract';
import { monotonicMs } from '../clock.ts';
import type { Sandbox, SandboxRequest, SandboxRun } from './sandbox.ts';

const RESULT = Buffer.from('result of the null sandbox\n');
const LINE = Buffer.from('line of the null sandbox\n');

export class NullSandbox implements Sandbox {
  readonly tier: SandboxTier = 'null';
  readonly reason = 'asked for with --sandbox null: app tasks are not run, for measurements only';

  readonly network: TaskNetwork = 'host';

  private readonly engines: Sandbox;

  constructor(engines: Sandbox) {
    this.engines = engines;
  }

  run(request: SandboxRequest): SandboxRun {
    if (request.env['TASK_DIR'] === undefined) return this.engines.run(request);
    const atMs = monotonicMs();
    request.onStarted(atMs);
    writeResult(`${request.resultsDir}/result.txt`);
    request.onOutput('stdout', LINE, atMs);
    const result = Promise.resolve({
      end: { kind: 'exited' as const, code: 0 },
      startedAtMs: atMs,
      endedAtMs: monotonicMs(),
      cpuSeconds: 0,
      maxMemoryBytes: 0,
      refusedProcesses: false,
      isWarm: false,
    });
    return { result, startsProcess: false, stop: () => undefined, pauseOutput: () => undefined };
  }

  renew(durationMs: number, sinceMs: number): void {
    this.engines.renew(durationMs, sinceMs);
  }

  close(): Promise<void> {
    return this.engines.close();
  }
}

function writeResult(path: string): void {
  const fd = openSync(path, constants.O_WRONLY | constants.O_CREAT, 0o644);
  try {
    writeSync(fd, RESULT);
  } finally {
    closeSync(fd);
  }
}
