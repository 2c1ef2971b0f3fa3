/** Second attempts for the last tasks of a job, where nothing else waits for a runner that has room. */
import type { ExchangeRequest } from '@bytenite/contract';
import type { Context } from '../../context.ts';
import { grantedTo } from '../../domain/share-out.ts';
import { isNearlyDone, lateAfterMs } from '../../domain/speculation.ts';
import { ORDINARY } from '../../store/ready.ts';
import { durationsOf, jobsWithoutUnclaimed, lateLeases } from '../../store/stragglers.ts';
import type { JobRow } from '../../store/tables.ts';
import { standingsOf } from '../fairness/standings.ts';
import { componentOf, policyOf } from '../job-policy.ts';
import type { Runner } from '../runners.ts';
import { candidateSecrets } from './candidate-secrets.ts';
import type { Candidate } from './candidates.ts';
import { claimForRunner, type JobClaims } from './grant.ts';
import { canRun, needsOf } from './task-context.ts';

/** Jobs near their end that are looked at, and second attempts of one job that begin together. */
const MAX_JOBS = 256;
const MAX_LATE = 16;
/** Ended tasks by which others count as late. */
const SAMPLE = 200;

export async function claimLate(
  ctx: Context,
  runner: Runner,
  request: ExchangeRequest,
): Promise<JobClaims[]> {
  // What cannot begin at once is of no use.
  const now = { ...request, prefetch: 0, idle: false };
  if (runner.draining || request.free.cpus <= 0 || ctx.disk.isLow()) return [];
  const jobs: Candidate[] = [];
  for (const job of await jobsWithoutUnclaimed(ctx.store.db, MAX_JOBS)) {
    const candidate = isNearlyDone(job) ? await lateOf(ctx, runner, job) : null;
    if (candidate !== null) jobs.push(candidate);
  }
  if (jobs.length === 0) return [];
  const standings = await standingsOf(ctx, new Set(jobs.map(({ account }) => account)));
  const claimed = await ctx.store.transact((tx) =>
    claimForRunner(ctx, tx, runner, now, { jobs, standings }),
  );
  return claimed.jobs;
}

async function lateOf(ctx: Context, runner: Runner, job: JobRow): Promise<Candidate | null> {
  const { db } = ctx.store;
  const policy = await policyOf(ctx, db, job.no, job.run);
  const component = componentOf(policy, 'APP');
  const needs = needsOf(component);
  if (!policy.config.speculation || !canRun(runner, component, needs)) return null;
  const lateMs = lateAfterMs(await durationsOf(db, job.no, SAMPLE));
  if (lateMs === null) return null;
  const { memoryBytes } = grantedTo(needs, runner);
  const late = { startedBefore: ctx.now() - lateMs, notOn: runner.id, memoryBytes };
  const waiting = (await lateLeases(db, job.no, late, MAX_LATE)).length;
  if (waiting === 0) return null;
  const secrets = await candidateSecrets(ctx, job, policy, component);
  const asks = { asks: ORDINARY, alone: false };
  return secrets && { account: job.account, ...asks, needs, waiting, job, policy, secrets, late };
}
