/**
 * The one call that carries reports, free capacity and a long poll. Reports are settled in one transaction,
 * after the blobs that they speak of are stored; tasks are claimed in another, meanwhile. A reply that is
 * lost costs nothing: reports are repeated and get the same verdict, and leases nobody knows of run out.
 */
import type { ExchangeReply, ExchangeRequest, Verdict } from '@bytenite/contract';
import type { Context } from '../../context.ts';
import { failpoint } from '../../failpoint.ts';
import { lockJobs } from '../../store/jobs.ts';
import { jobsOfLeases } from '../../store/leases.ts';
import type { Tx } from '../../store/store.ts';
import { endReservation, waitingKey } from '../fairness/reservations.ts';
import { requireRoom } from '../require-space.ts';
import type { Runner } from '../runners.ts';
import { drainSick } from '../runners/drain-sick.ts';
import { refuseSharedTier } from '../shared-tier.ts';
import { findCandidates } from './candidates.ts';
import { claimForRunner, presentGrants, type JobClaims } from './grant.ts';
import { writePacks } from './packs.ts';
import { applyPhases } from './phases.ts';
import { releaseLeases, settleReports } from './settle.ts';
import { claimLate } from './stragglers.ts';

/** Hints are only hints: the tables are looked at this often while a runner waits. */
const POLL_MS = 1000;

export interface ExchangeResult {
  reply: ExchangeReply;
  tail: Uint8Array[];
}

export async function exchange(
  ctx: Context,
  runner: Runner,
  request: ExchangeRequest,
  tail: Uint8Array,
  signal: AbortSignal,
): Promise<ExchangeResult> {
  runner.lastSeenAt = ctx.now();
  // Another server may have let in a second account, which knows nothing of this runner.
  if (ctx.store.shared !== null) await refuseSharedTier(ctx, runner);
  const { claims, verdicts } = await settleAndClaim(ctx, runner, request, tail, signal);
  const { contexts, grants, tail: replyTail } = await presentGrants(ctx, runner, claims);
  const reply: ExchangeReply = {
    now: ctx.now(),
    contexts,
    grants,
    verdicts: [...verdicts].map(([lease, verdict]) => ({ lease, verdict })),
    kill: [],
  };
  return { reply, tail: replyTail };
}

async function settleAndClaim(
  ctx: Context,
  runner: Runner,
  request: ExchangeRequest,
  tail: Uint8Array,
  signal: AbortSignal,
): Promise<{ verdicts: Map<string, Verdict>; claims: JobClaims[] }> {
  if (!hasReports(request)) {
    return { verdicts: new Map(), claims: await claim(ctx, runner, request, true, signal) };
  }
  await requireRoom(ctx, tail.byteLength, 'reports');
  // The runner knows its capacity, so what it reports need not be settled before it gets more.
  const [verdicts, claims] = await Promise.all([
    settle(ctx, runner, request, tail),
    claim(ctx, runner, request, false, signal),
  ]);
  if (claims.length > 0) return { verdicts, claims };
  const mayWait = verdicts.size === 0;
  return { verdicts, claims: await claim(ctx, runner, request, mayWait, signal) };
}

function hasReports({ ended, logs, phases, released }: ExchangeRequest): boolean {
  return ended.length + logs.length + phases.length + released.length > 0;
}

async function settle(
  ctx: Context,
  runner: Runner,
  request: ExchangeRequest,
  tail: Uint8Array,
): Promise<Map<string, Verdict>> {
  const { ended, phases, released } = request;
  const packs = await writePacks(ctx.blobs, request, tail);
  await failpoint('commit');
  const verdicts = await ctx.store.transact(async (tx: Tx) => {
    const jobsOf = await jobsOfLeases(tx, [...released, ...phases.map(({ lease }) => lease)]);
    // What follows comes to jobs and leases in an order of its own, so all jobs are locked here.
    const reported = [...ended.map(({ ref }) => ref.job), ...packs.logs.map(({ job }) => job)];
    await lockJobs(tx, [...jobsOf.values(), ...reported]);
    await applyPhases(ctx, tx, runner.id, phases);
    await releaseLeases(ctx, tx, runner.id, released, jobsOf);
    return settleReports(ctx, tx, runner.id, ended, packs);
  });
  await failpoint('committed');
  await drainSick(ctx, runner, ended, verdicts);
  for (const topic of ['event', 'step', 'runnable'] as const) ctx.signals.notify(topic);
  return verdicts;
}

/** Claims now, or waits for work as long as the runner allows when there is nothing to tell it. */
async function claim(
  ctx: Context,
  runner: Runner,
  request: ExchangeRequest,
  mayWait: boolean,
  signal: AbortSignal,
): Promise<JobClaims[]> {
  const deadline = ctx.now() + (mayWait ? request.waitMs : 0);
  const wantsWork = request.prefetch > 0 || request.idle || request.free.cpus > 0;
  // Nobody would hear of what is claimed for a caller that is gone or that has begun anew.
  const isThere = () =>
    !signal.aborted &&
    !ctx.stopping.aborted &&
    ctx.runners.find(runner.id, runner.incarnation) !== undefined;
  while (wantsWork && isThere()) {
    const claims = await claimOnce(ctx, runner, request);
    if (claims.length > 0) return claims;
    const left = deadline - ctx.now();
    if (left <= 0) return [];
    await ctx.signals.wait('runnable', Math.min(POLL_MS, left), signal);
  }
  return [];
}

/** Others may be quicker, but not for ever: they have something to do then. */
const MAX_TRIES = 3;

async function claimOnce(
  ctx: Context,
  runner: Runner,
  request: ExchangeRequest,
): Promise<JobClaims[]> {
  for (let tries = 1; tries <= MAX_TRIES; tries += 1) {
    const candidates = await findCandidates(ctx, runner);
    if (candidates.jobs.length === 0) return claimLate(ctx, runner, request);
    const { jobs, isBeaten } = await ctx.store.transact((tx) =>
      claimForRunner(ctx, tx, runner, request, candidates),
    );
    for (const { job, asks } of jobs) endReservation(ctx.runners, waitingKey(job.no, asks));
    if (!isBeaten) return jobs;
  }
  return [];
}
