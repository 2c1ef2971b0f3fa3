/**
 * A step is a stage that the server runs itself. Its row was written in the transaction that made it
 * runnable; whoever claims it gets a fence, does the I/O, and ends it in one transaction that checks the
 * fence and moves the job on. After a crash someone else claims it and does it again from its start.
 */
import type { Context } from '../../context.ts';
import { lockJob } from '../../store/jobs.ts';
import { finishStep, renewStep } from '../../store/steps.ts';
import type { Tx } from '../../store/store.ts';
import type { JobRow, StepRow } from '../../store/tables.ts';
import type { JobPolicy } from '../job-policy.ts';

export interface StepRun {
  ctx: Context;
  step: StepRow;
  job: JobRow;
  policy: JobPolicy;
  /** Aborts when the fence is lost or the process stops. */
  signal: AbortSignal;
}

/** The step was given away or its job has ended: what was done is dropped. */
export class StepLost extends Error {
  override readonly name = 'StepLost';
}

/** A failure that ends the job, with the contract's reason; anything else is tried again. */
export class StepFailure extends Error {
  override readonly name = 'StepFailure';
  readonly reason: 'DATA_SOURCE' | 'DATA_DESTINATION' | 'NO_CHUNKS' | 'INTERNAL';
  constructor(reason: StepFailure['reason'], message: string, options?: ErrorOptions) {
    super(message, options);
    this.reason = reason;
  }
}

/** Ends the step and does `body` in the same transaction. */
export async function completeStep<T>(
  { ctx, step }: StepRun,
  body: (tx: Tx, job: JobRow, now: number) => Promise<T>,
): Promise<T> {
  return ctx.store.transact(async (tx) => {
    const job = await lockJob(tx, step.job);
    if (job === undefined || !(await finishStep(tx, step))) throw new StepLost();
    return body(tx, job, ctx.now());
  });
}

/** Writes a part of the step's work while it is still the caller's. */
export async function writeStepPart(
  { ctx, step }: StepRun,
  body: (tx: Tx) => Promise<unknown>,
): Promise<void> {
  await ctx.store.transact(async (tx) => {
    await lockJob(tx, step.job);
    if (!(await renewStep(tx, step, ctx.now() + ctx.config.leaseMs))) throw new StepLost();
    await body(tx);
  });
}

/** Keys of this try; another try writes others, so nothing is ever written twice. */
export function stepKey({ step }: StepRun, name: string): string {
  return `job/${step.job}/data/${step.name}-${step.run}-${step.fence}/${name}`;
}
