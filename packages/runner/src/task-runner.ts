/** One attempt: stage in -> sandbox -> stage out. Nothing here throws: every end is an outcome. */
import type { AttemptReason, TaskStats } from '@bytenite/contract';
import type { AttemptFolder } from './attempt-folder.ts';
import type { Attempt, AttemptEnd, AttemptOutcome } from './attempt.ts';
import type { CacheSync } from './cache-sync.ts';
import { monotonicMs } from './clock.ts';
import { describeError, StageError } from './errors.ts';
import { type ExecuteDeps, executeTask, type StagedAttempt } from './execute-task.ts';
import { failpoint } from './failpoint.ts';
import { limitHints } from './limit-hints.ts';
import { type Interpreters, MissingInterpreterError } from './interpreters.ts';
import { decideFailure, decideStopped, toErrorMessage } from './outcome.ts';
import type { PackageCache, PackageUse } from './packages.ts';
import { retryTransfer } from './retry-transfer.ts';
import type { SandboxResult } from './sandbox/sandbox.ts';
import type { ServerClient } from './server-client.ts';
import { stageStream, type StagedSize } from './stage-in.ts';
import { collectResults, inlineBundle, streamBundle } from './stage-out.ts';

const OPEN_NETWORK =
  'the component asks for no network, which the process tier cannot shut off: it runs where the namespace tier does';

export interface TaskRunnerDeps extends ExecuteDeps {
  /** On the disk that tasks write to. */
  workDir: string;
  client: ServerClient;
  packages: PackageCache;
  cacheSync: CacheSync;
  interpreters: Interpreters;
}

/** The place that an attempt runs in. */
export interface AttemptPlace {
  slot: number;
  folder: AttemptFolder;
  /** Called when it has its turn: from now on it runs. */
  onRunning(): void;
}

export class TaskRunner {
  private readonly deps: TaskRunnerDeps;

  constructor(deps: TaskRunnerDeps) {
    this.deps = deps;
  }

  async run(attempt: Attempt, place: AttemptPlace): Promise<AttemptEnd> {
    const uses: PackageUse[] = [];
    try {
      return await this.stages(attempt, place, uses);
    } catch (error) {
      return this.failed(attempt, error);
    } finally {
      for (const use of uses) use.release();
      this.clear(attempt, place);
    }
  }

  private clear(attempt: Attempt, { folder }: AttemptPlace): void {
    try {
      folder.clear(attempt.leavesFolderAlone);
    } catch (error) {
      // The next attempt in this slot will say so again if it cannot do without.
      attempt.log.say('WARN', `cannot clear the folder: ${describeError(error)}`, monotonicMs());
    }
  }

  private async stages(
    attempt: Attempt,
    place: AttemptPlace,
    uses: PackageUse[],
  ): Promise<AttemptEnd> {
    attempt.receivedAt = this.deps.clock.now();
    attempt.enter('RECEIVED');
    await failpoint('stage-in');
    const staged = await timed(attempt, () => this.stageIn(attempt, place, uses));
    const result = await this.runInTurn(staged, place);
    return this.finish(staged, result);
  }

  private async stageIn(
    attempt: Attempt,
    { slot, folder }: AttemptPlace,
    uses: PackageUse[],
  ): Promise<StagedAttempt> {
    const { client, packages, interpreters, sandbox } = this.deps;
    const { lease, log } = attempt;
    const input = attempt.takeInput();
    const { component, kind } = attempt.context;
    if (component.network === 'none' && sandbox.tier === 'process') {
      throw new StageError('INTERNAL', OPEN_NETWORK);
    }
    const paths = folder.prepare(kind);
    const use =
      packages.peek(component) ??
      (await retryTransfer(attempt, 'INTERNAL', () => packages.get(component, attempt.signal)));
    uses.push(use);
    let size: StagedSize;
    if ('inline' in input) {
      folder.writeChunk(input.inline);
      size = { bytes: input.inline.byteLength, entries: 1 };
    } else {
      size = await retryTransfer(attempt, 'INPUT_FAILED', async () => {
        folder.clear(false);
        folder.prepare(kind);
        return stageStream(folder, await client.openInput(lease, attempt.signal));
      });
    }
    log.say('DEBUG', 'task data downloaded', monotonicMs());
    await retryTransfer(attempt, 'INPUT_FAILED', () => this.deps.cacheSync.bring(attempt));
    const command = await interpreters.command(use.dir, component.entrypoint);
    // A component's own program is in its folder.
    const interpreterFolders = command.length === 1 ? [] : await interpreters.foldersOf(command[0]);
    const message = `image ${component.image} is not used: the component runs on this host's ${command[0]} (sandbox ${sandbox.tier})`;
    log.say('INFO', message, monotonicMs());
    return {
      attempt,
      slot,
      folder,
      paths,
      inputBytes: size.bytes,
      inputEntries: size.entries,
      componentDir: use.dir,
      command,
      interpreterFolders,
    };
  }

  private async runInTurn(staged: StagedAttempt, place: AttemptPlace): Promise<SandboxResult> {
    const { attempt } = staged;
    const { capacity } = this.deps;
    const isWanted = () => attempt.stopReason === undefined;
    attempt.turnAwaitedSinceMs = monotonicMs();
    const turn = capacity.take(attempt.need, isWanted);
    if (!(turn === true || (await turn))) throw stoppedEarly();
    attempt.turnWaitedMs = monotonicMs() - attempt.turnAwaitedSinceMs;
    attempt.turnAwaitedSinceMs = Number.POSITIVE_INFINITY;
    try {
      place.onRunning();
      if (!isWanted()) throw stoppedEarly();
      return await executeTask(this.deps, staged);
    } finally {
      attempt.occupies = false;
      capacity.give(attempt.need);
    }
  }

  private async finish(staged: StagedAttempt, result: SandboxResult): Promise<AttemptEnd> {
    const { attempt, inputBytes } = staged;
    const endedAt = this.deps.clock.at(result.endedAtMs);
    if (result.end.kind === 'stopped' && attempt.stopReason === 'drain') {
      return { outcome: { kind: 'released' }, endedAt, stats: null };
    }
    const limits = {
      timeoutMs: attempt.context.taskTimeoutMs,
      memoryBytes: attempt.limits.memoryBytes,
      diskBytes: this.deps.diskBytes,
      diskFiles: this.deps.diskFiles,
      cacheBytes: this.deps.cacheBytes,
      processes: this.deps.processes,
    };
    const stats = statsOf(attempt, result, inputBytes);
    const failure = decideFailure(result, limits, attempt.log.lastStderr);
    const level = failure ? 'ERROR' : 'INFO';
    attempt.log.say(level, failure ? failure.errorMessage : 'exit code 0', result.endedAtMs);
    const { tier } = this.deps.sandbox;
    const place = { tier, folder: this.deps.workDir };
    for (const hint of limitHints(result, attempt.log.lastStderr, limits, place)) {
      attempt.log.say('WARN', hint, result.endedAtMs);
    }
    if (failure) return { outcome: { kind: 'failed', failure }, endedAt, stats };
    attempt.enter('STAGING_OUT');
    await failpoint('stage-out');
    const outcome = await timed(attempt, () => this.stageOut(staged, stats));
    stats.transferSeconds = attempt.transferMs / 1000;
    return { outcome, endedAt, stats };
  }

  private async stageOut(
    { attempt, paths }: StagedAttempt,
    stats: TaskStats,
  ): Promise<AttemptOutcome> {
    const limits = { entries: this.deps.diskFiles, bytes: this.deps.diskBytes };
    const results = await collectResults(paths.output, limits);
    stats.outputBytes = results.bytes;
    const inline = inlineBundle(results);
    if (inline) return { kind: 'inline', bundle: inline.bytes, sha256: inline.sha256 };
    const result = await retryTransfer(attempt, 'OUTPUT_FAILED', async () => {
      const stream = streamBundle(results);
      const sent = { body: stream.body, bytes: results.bytes };
      const stored = await this.deps.client.putResult(attempt.lease, sent, attempt.signal);
      if (stored.sha256 !== stream.sha256()) {
        throw new StageError('OUTPUT_FAILED', 'the server stored other bytes than were sent');
      }
      return stored;
    });
    return { kind: 'stored', result };
  }

  private failed(attempt: Attempt, error: unknown): AttemptEnd {
    const endedAt = this.deps.clock.now();
    const { stopReason } = attempt;
    attempt.occupies = false;
    if (stopReason === 'drain') {
      return { outcome: { kind: 'released' }, endedAt, stats: null };
    }
    const isKnown = error instanceof StageError || error instanceof MissingInterpreterError;
    const reason = error instanceof StageError ? error.reason : 'INTERNAL';
    const place = isKnown ? (PLACES[reason] ?? '') : 'runner: ';
    const message = place + describeError(error);
    const failure = {
      reason: stopReason === undefined ? reason : decideStopped(stopReason, this.deps).reason,
      exitCode: null,
      errorMessage: toErrorMessage(message),
    } as const;
    attempt.log.say('ERROR', failure.errorMessage, monotonicMs());
    return { outcome: { kind: 'failed', failure }, endedAt, stats: null };
  }
}

/** What a message is about, where its reason alone would not say so to its reader. */
const PLACES: Partial<Record<AttemptReason, string>> = {
  INPUT_FAILED: 'input: ',
  OUTPUT_FAILED: 'results: ',
};

function stoppedEarly(): StageError {
  return new StageError('ABORTED', 'stopped before its start');
}

/** Adds to the attempt's transfers what this one takes, whether it succeeds or not. */
async function timed<T>(attempt: Attempt, transfer: () => Promise<T>): Promise<T> {
  const beganMs = monotonicMs();
  try {
    return await transfer();
  } finally {
    attempt.transferMs += monotonicMs() - beganMs;
  }
}

/** Of an attempt whose process has ended; the results may be still to come. */
function statsOf(attempt: Attempt, result: SandboxResult, inputBytes: number): TaskStats {
  const { receivedAt, startedAt, grant, turnWaitedMs, transferMs } = attempt;
  const startMs = startedAt === null || receivedAt === null ? 0 : startedAt - receivedAt;
  const runMs = result.startedAtMs === null ? 0 : result.endedAtMs - result.startedAtMs;
  return {
    cpuSeconds: result.cpuSeconds,
    maxMemoryBytes: result.maxMemoryBytes,
    inputBytes,
    outputBytes: 0,
    queueSeconds: grant.queueSeconds + turnWaitedMs / 1000,
    startSeconds: Math.max(0, startMs - turnWaitedMs - transferMs) / 1000,
    transferSeconds: transferMs / 1000,
    runSeconds: Math.max(0, runMs) / 1000,
  };
}
