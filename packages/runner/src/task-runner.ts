/** One attempt: stage in -> sandbox -> stage out. Nothing here throws: every end is an outcome. */
import type { TaskStats } from '@bytenite/contract';
import type { AttemptFolder, AttemptPaths } from './attempt-folder.ts';
import type { Attempt, AttemptEnd, AttemptOutcome } from './attempt.ts';
import type { Caches } from './caches.ts';
import type { Capacity } from './capacity.ts';
import { monotonicMs, type ServerClock } from './clock.ts';
import { taskEnvironment } from './environment.ts';
import { describeError, StageError } from './errors.ts';
import { failpoint } from './failpoint.ts';
import { type Interpreters, MissingInterpreterError } from './interpreters.ts';
import { decideFailure, mebibytes, toErrorMessage } from './outcome.ts';
import type { PackageCache, PackageUse } from './packages.ts';
import type { Sandbox, SandboxRequest, SandboxResult } from './sandbox/sandbox.ts';
import { type ServerClient, ServerError } from './server-client.ts';
import { stageInline, stageStream } from './stage-in.ts';
import { collectResults, inlineBundle, streamBundle } from './stage-out.ts';

const MAX_RESULT_ENTRIES = 1_000_000;
const RETRY_BASE_MS = 200;
const RETRY_CAP_MS = 5000;

export interface TaskRunnerDeps {
  client: ServerClient;
  sandbox: Sandbox;
  packages: PackageCache;
  interpreters: Interpreters;
  caches: Caches;
  capacity: Capacity;
  clock: ServerClock;
  diskBytes: number;
  graceMs(): number;
}

export class TaskRunner {
  private readonly deps: TaskRunnerDeps;

  constructor(deps: TaskRunnerDeps) {
    this.deps = deps;
  }

  /** Runs the attempt to its end. `onRunning` is called when it stops waiting for its turn. */
  async run(
    attempt: Attempt,
    slot: number,
    folder: AttemptFolder,
    onRunning: () => void,
  ): Promise<AttemptEnd> {
    const uses: PackageUse[] = [];
    try {
      return await this.stages(attempt, slot, folder, uses, onRunning);
    } catch (error) {
      return this.failed(attempt, error);
    } finally {
      for (const use of uses) use.release();
      folder.shut();
      folder.clear();
    }
  }

  private async stages(
    attempt: Attempt,
    slot: number,
    folder: AttemptFolder,
    uses: PackageUse[],
    onRunning: () => void,
  ): Promise<AttemptEnd> {
    attempt.receivedAt = this.deps.clock.now();
    attempt.enter('RECEIVED');
    await failpoint('stage-in');
    const paths = folder.prepare(attempt.context.kind);
    const { component } = attempt.context;
    const use =
      this.deps.packages.peek(component) ??
      (await this.deps.packages.get(component, attempt.signal));
    uses.push(use);
    const inputBytes = await this.stageIn(attempt, folder);
    const argv = await this.deps.interpreters.command(use.dir, component.entrypoint);
    this.sayReady(attempt, argv[0]);
    const turn = this.deps.capacity.take(attempt.need);
    if (turn !== true) await turn;
    let result: SandboxResult;
    try {
      onRunning();
      if (attempt.stopReason !== undefined)
        throw new StageError('ABORTED', 'stopped before its start');
      result = await this.execute(attempt, slot, folder, paths, use.dir, argv);
    } finally {
      attempt.occupies = false;
      this.deps.capacity.give(attempt.need);
    }
    return this.finish(attempt, result, paths, inputBytes);
  }

  private async stageIn(attempt: Attempt, folder: AttemptFolder): Promise<number> {
    const { input, lease } = attempt;
    let bytes: number;
    if ('inline' in input) {
      stageInline(folder, input.inline);
      bytes = input.inline.byteLength;
    } else {
      bytes = await this.retry(attempt, 'INPUT_FAILED', async () => {
        folder.clear();
        folder.prepare(attempt.context.kind);
        return stageStream(folder, await this.deps.client.openInput(lease, attempt.signal));
      });
    }
    attempt.log.say('DEBUG', 'task data downloaded', monotonicMs());
    return bytes;
  }

  private sayReady(attempt: Attempt, interpreter: string): void {
    const { component } = attempt.context;
    const { tier } = this.deps.sandbox;
    attempt.log.say(
      'INFO',
      `image ${component.image} is not used: the component runs on this host's ${interpreter} (sandbox ${tier})`,
      monotonicMs(),
    );
  }

  private async execute(
    attempt: Attempt,
    slot: number,
    folder: AttemptFolder,
    paths: AttemptPaths,
    cwd: string,
    argv: [string, ...string[]],
  ): Promise<SandboxResult> {
    const { context, log } = attempt;
    const cache = this.deps.caches.of(context);
    folder.open();
    attempt.enter('RUNNING');
    const request: SandboxRequest = {
      slot,
      argv,
      env: taskEnvironment(attempt.grant, context, paths, cache, argv[0]),
      cwd,
      resultsDir: paths.output,
      groups: cache.groups,
      cpus: attempt.need.cpus,
      memoryBytes: attempt.need.memoryBytes,
      diskBytes: this.deps.diskBytes,
      timeoutMs: context.kind === 'APP' ? context.taskTimeoutMs : null,
      graceMs: this.deps.graceMs(),
      onStarted: (atMs) => (attempt.startedAt = this.deps.clock.at(atMs)),
      onOutput: (stream, bytes, atMs) => {
        log.print(stream, Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength), atMs);
      },
      onDropped: (bytes, atMs) =>
        log.say(
          'WARN',
          `the task printed more than is kept: ${bytes} bytes are left out here`,
          atMs,
        ),
    };
    if (this.deps.capacity.isOvercommitted(context)) this.sayOvercommitted(attempt);
    log.say('INFO', 'container started', monotonicMs());
    const run = this.deps.sandbox.run(request);
    attempt.attach(run);
    await failpoint('run');
    const result = await run.result;
    folder.shut();
    log.endOutput(result.endedAtMs);
    if (result.startedAtMs !== null) attempt.startedAt = this.deps.clock.at(result.startedAtMs);
    return result;
  }

  private sayOvercommitted(attempt: Attempt): void {
    const { context, need } = attempt;
    const asked = `${context.cpus} CPUs and ${mebibytes(context.memoryBytes)}`;
    const given = `${need.cpus} CPUs and ${mebibytes(need.memoryBytes)}`;
    const message = `the component asks for ${asked}, more than this runner has: it runs alone with ${given}`;
    attempt.log.say('WARN', message, monotonicMs());
  }

  private async finish(
    attempt: Attempt,
    result: SandboxResult,
    paths: AttemptPaths,
    inputBytes: number,
  ): Promise<AttemptEnd> {
    const endedAt = this.deps.clock.at(result.endedAtMs);
    const stats = statsOf(attempt, result, inputBytes);
    if (result.end.kind === 'stopped' && attempt.stopReason === 'drain') {
      return { outcome: { kind: 'released' }, endedAt, stats: null };
    }
    const limits = {
      timeoutMs: attempt.context.taskTimeoutMs,
      memoryBytes: attempt.need.memoryBytes,
      diskBytes: this.deps.diskBytes,
    };
    const failure = decideFailure(result.end, limits, attempt.log.lastStderr);
    const level = failure ? 'ERROR' : 'INFO';
    attempt.log.say(level, failure ? failure.errorMessage : 'exit code 0', result.endedAtMs);
    if (failure) return { outcome: { kind: 'failed', failure }, endedAt, stats };
    attempt.enter('STAGING_OUT');
    await failpoint('stage-out');
    const outcome = await this.stageOut(attempt, paths, stats);
    return { outcome, endedAt, stats };
  }

  private async stageOut(
    attempt: Attempt,
    paths: AttemptPaths,
    stats: TaskStats,
  ): Promise<AttemptOutcome> {
    const limits = { entries: MAX_RESULT_ENTRIES, bytes: this.deps.diskBytes };
    const results = await collectResults(paths.output, limits);
    stats.outputBytes = results.bytes;
    const inline = inlineBundle(results);
    if (inline) return { kind: 'inline', bundle: inline.bytes, sha256: inline.sha256 };
    const stored = await this.retry(attempt, 'OUTPUT_FAILED', async () => {
      const stream = streamBundle(results);
      const answer = await this.deps.client.putResult(attempt.lease, stream.body, attempt.signal);
      if (answer.sha256 !== stream.sha256()) {
        throw new StageError('OUTPUT_FAILED', 'the server stored other bytes than were sent');
      }
      return answer;
    });
    return { kind: 'stored', result: stored };
  }

  /** Transfers are tried again until the attempt is stopped, which the end of its lease does. */
  private async retry<T>(
    attempt: Attempt,
    reason: 'INPUT_FAILED' | 'OUTPUT_FAILED',
    transfer: () => Promise<T>,
  ): Promise<T> {
    for (let tries = 0; ; tries++) {
      try {
        return await transfer();
      } catch (error) {
        if (attempt.stopReason !== undefined || error instanceof StageError) throw error;
        if (error instanceof ServerError && !error.isTransient) {
          if (error.leaseIsGone)
            throw new StageError('ABORTED', 'the lease is gone', { cause: error });
          throw new StageError(reason, describeError(error), { cause: error });
        }
        attempt.log.say(
          'WARN',
          `transfer failed, trying again: ${describeError(error)}`,
          monotonicMs(),
        );
        const delayMs =
          Math.min(RETRY_CAP_MS, RETRY_BASE_MS * 2 ** tries) * (0.5 + Math.random() / 2);
        await new Promise((resolve) => void setTimeout(resolve, delayMs));
      }
    }
  }

  private failed(attempt: Attempt, error: unknown): AttemptEnd {
    const endedAt = this.deps.clock.now();
    attempt.occupies = false;
    if (attempt.stopReason === 'drain')
      return { outcome: { kind: 'released' }, endedAt, stats: null };
    const isStage = error instanceof StageError;
    const stopped = attempt.stopReason !== undefined;
    const reason = isStage ? error.reason : stopped ? 'ABORTED' : 'INTERNAL';
    const known = isStage || stopped || error instanceof MissingInterpreterError;
    const message = known ? describeError(error) : `runner: ${describeError(error)}`;
    const failure = { reason, exitCode: null, errorMessage: toErrorMessage(message) };
    attempt.log.say('ERROR', failure.errorMessage, monotonicMs());
    return { outcome: { kind: 'failed', failure }, endedAt, stats: null };
  }
}

function statsOf(attempt: Attempt, result: SandboxResult, inputBytes: number): TaskStats {
  const startedAt = attempt.startedAt ?? attempt.receivedAt ?? 0;
  return {
    cpuSeconds: result.cpuSeconds,
    maxMemoryBytes: result.maxMemoryBytes,
    inputBytes,
    outputBytes: 0,
    queueSeconds: attempt.grant.queueSeconds,
    startSeconds: Math.max(0, startedAt - (attempt.receivedAt ?? startedAt)) / 1000,
  };
}
