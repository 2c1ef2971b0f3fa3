/** Claims one step and runs it, and what follows it at once, to its end, to its failure or to its loss. */
import type { JobState } from '@bytenite/contract';
import type { Context } from '../../context.ts';
import { lockJob } from '../../store/jobs.ts';
import { claimStep, finishStep, postponeStep, renewStep } from '../../store/steps.ts';
import type { JobRow, StepName, StepRow } from '../../store/tables.ts';
import type { Tx } from '../../store/store.ts';
import { policyOf } from '../job-policy.ts';
import { endJob } from '../transitions/end-job.ts';
import { enterState } from '../transitions/enter-state.ts';
import { runChunksStep } from './chunks.ts';
import { runCollectStep } from './collect.ts';
import { runDeliverStep } from './deliver.ts';
import { runSourceStep } from './source.ts';
import { failpoint } from '../../failpoint.ts';
import { StepFailure, StepLost, type StepRun } from './step.ts';

interface StepKind {
  /** A step that comes next and is already this caller's, where there is one. */
  run: (run: StepRun) => Promise<StepRow | undefined | void>;
  /** The state that the job enters when the step is first claimed. */
  enters?: { from: JobState; to: JobState };
}

const STEPS: Record<StepName, StepKind> = {
  source: { run: runSourceStep, enters: { from: 'STARTED', to: 'UPLOADING' } },
  chunks: { run: runChunksStep },
  collect: { run: runCollectStep },
  deliver: { run: runDeliverStep, enters: { from: 'MERGED', to: 'DOWNLOADING' } },
};

/** Not begun while the disk is almost full; those that are under way finish, and so do the other stages. */
const BRINGS_DATA: readonly StepName[] = ['source'];

/** Failures that are neither the user's nor final are tried again this often. */
const MAX_TRIES = 5;

/** Runs the next step that is due; false when there is none. */
export async function runNextStep(
  ctx: Context,
  owner: string,
  stop: AbortSignal,
): Promise<boolean> {
  await failpoint('step-claim');
  const claimed = await ctx.store.transact((tx) => claim(ctx, tx, owner));
  if (claimed === null) return false;
  const { step, job } = claimed;
  ctx.signals.notify('event');
  const policy = await policyOf(ctx, ctx.store.db, job.no, job.run);
  for (let next: StepRow | undefined = step; next !== undefined;) {
    next = await runClaimed({ ctx, step: next, job, policy }, stop);
  }
  return true;
}

/** What comes next, already claimed, or nothing. */
async function runClaimed(
  claimed: Omit<StepRun, 'signal'>,
  stop: AbortSignal,
): Promise<StepRow | undefined> {
  const { ctx, step } = claimed;
  const lost = new AbortController();
  const renewal = keepRenewing(ctx, step, lost);
  const run = { ...claimed, signal: AbortSignal.any([stop, lost.signal]) };
  try {
    await failpoint(`step-${step.name}`);
    return (await STEPS[step.name].run(run)) ?? undefined;
  } catch (error) {
    if (error instanceof StepLost || lost.signal.aborted) return undefined;
    if (stop.aborted) await giveBack(ctx, step);
    else await fail(run, error);
    return undefined;
  } finally {
    clearInterval(renewal);
    for (const topic of ['event', 'step', 'runnable'] as const) ctx.signals.notify(topic);
  }
}

async function claim(
  ctx: Context,
  tx: Tx,
  owner: string,
): Promise<{ step: StepRow; job: JobRow } | null> {
  const now = ctx.now();
  const step = await claimStep(
    tx,
    owner,
    now,
    ctx.config.leaseMs,
    ctx.disk.isLow() ? BRINGS_DATA : [],
  );
  if (step === undefined) return null;
  const job = await lockJob(tx, step.job);
  if (job === undefined) throw new Error(`step ${step.name} of job ${step.job}, which is gone`);
  const { enters } = STEPS[step.name];
  if (enters === undefined || job.state !== enters.from) return { step, job };
  const patch = enters.to === 'UPLOADING' ? { started_at: now } : {};
  return { step, job: await enterState(tx, job, enters.to, now, patch) };
}

function keepRenewing(ctx: Context, step: StepRow, lost: AbortController): NodeJS.Timeout {
  return setInterval(() => {
    renewStep(ctx.store.db, step, ctx.now() + ctx.config.leaseMs)
      .then((mine) => {
        if (!mine) lost.abort(new StepLost());
      })
      .catch((error: unknown) =>
        ctx.logger.error({ err: error, job: step.job }, 'step not renewed'),
      );
  }, ctx.config.leaseMs / 3);
}

async function giveBack(ctx: Context, step: StepRow): Promise<void> {
  await ctx.store.transact((tx) =>
    postponeStep(tx, step, { tries: step.tries, readyAt: ctx.now() }),
  );
}

async function fail(run: StepRun, error: unknown): Promise<void> {
  const { ctx, step, policy } = run;
  const isFinal = error instanceof StepFailure;
  const text = error instanceof Error ? error.message : String(error);
  if (!isFinal) ctx.logger.warn({ err: error, job: step.job, step: step.name }, 'step failed');
  await ctx.store.transact(async (tx) => {
    const job = await lockJob(tx, step.job);
    if (job === undefined) return;
    if (!isFinal && step.tries + 1 < MAX_TRIES) {
      const readyAt = ctx.now() + ctx.config.backoff.baseMs * 2 ** step.tries;
      await postponeStep(tx, step, { tries: step.tries + 1, readyAt });
      return;
    }
    if (!(await finishStep(tx, step))) return;
    const end = isFinal
      ? { reason: error.reason, message: `${STAGE_NAMES[step.name]}: ${text}` }
      : { reason: 'INTERNAL' as const, message: `${STAGE_NAMES[step.name]}: ${text}` };
    await endJob(tx, job, policy, { state: 'FAILED', ...end }, ctx.now());
  });
}

/** How messages to users name the stages. */
const STAGE_NAMES: Record<StepName, string> = {
  source: 'data source',
  chunks: 'partitioner',
  collect: 'results',
  deliver: 'data destination',
};
