/** The transaction's second half: which waiting tasks this runner gets. */
import { randomBytes } from 'node:crypto';
import {
  INLINE_LIMIT,
  type ExchangeRequest,
  type Grant,
  type TaskContext,
} from '@bytenite/contract';
import type { Context } from '../../context.ts';
import type { Needs } from '../../domain/fair-share.ts';
import type { PinnedRevision } from '../../domain/job-doc.ts';
import { memoryWords } from '../../domain/raise-memory.ts';
import { grantedTo, shareOut } from '../../domain/share-out.ts';
import { taskIdMaker } from '../../domain/task-id.ts';
import { lockJob } from '../../store/jobs.ts';
import { holdsLeases, runsAlone } from '../../store/leases.ts';
import { lockClaims } from '../../store/queue.ts';
import type { ReadyClass } from '../../store/ready.ts';
import type { Tx } from '../../store/store.ts';
import { isKeptFor, waitingKey } from '../fairness/reservations.ts';
import { withRoomNow } from '../fairness/standings.ts';
import { componentOf } from '../job-policy.ts';
import { readRanges } from '../read-ranges.ts';
import { nameCaches } from '../cache/follow-cache.ts';
import type { Runner } from '../runners.ts';
import { claimSecondAttempts, claimTasks, type Claim } from '../transitions/claim-tasks.ts';
import { MAX_GRANTS, type Candidate, type Candidates } from './candidates.ts';
import { needsOf, taskContext } from './task-context.ts';

export interface JobClaims extends Candidate {
  claims: Claim[];
}

export interface Claimed {
  jobs: JobClaims[];
  /** Others took meanwhile what was meant for this runner: there may be more. */
  isBeaten: boolean;
}

/**
 * Claims tasks of the candidates until the runner's capacity is taken: each next one is of the account whose
 * turn it is. A runner that is kept for a job which does not fit yet gets nothing.
 */
export async function claimForRunner(
  ctx: Context,
  tx: Tx,
  runner: Runner,
  request: ExchangeRequest,
  { jobs, standings }: Candidates,
): Promise<Claimed> {
  const { prefetch, idle } = request;
  const isAnyAlone = jobs.some(({ alone }) => alone);
  if (isAnyAlone) await lockClaims(tx, [runner.id]);
  // Nothing comes beside a task that has its runner for itself, and it comes to an empty one.
  if (await runsAlone(tx, runner.id)) return { jobs: [], isBeaten: false };
  const isEmpty = isAnyAlone && !(await holdsLeases(tx, runner.id));
  const capacity = { ...request.free, prefetch, idle, isEmpty, left: MAX_GRANTS };
  const { counts, passedOver } = shareOut(jobs, await withRoomNow(tx, standings), {
    size: runner,
    capacity,
    halfLifeMs: ctx.config.fairHalfLifeMs,
  });
  if (passedOver !== null && isKept(ctx, runner, passedOver)) {
    return { jobs: [], isBeaten: false };
  }
  const claimed = new Map<Candidate, JobClaims>();
  for (const candidate of [...counts.keys()].toSorted((a, b) => a.job.no - b.job.no)) {
    const { job: seen, needs, asks } = candidate;
    const job = await lockJob(tx, seen.no);
    // Of another run, what was read before may not be true any more.
    if (job === undefined || job.state !== seen.state || job.run !== seen.run) continue;
    const claimant = claimantOf(ctx, runner, grantedTo(needs, runner), asks);
    const count = counts.get(candidate) ?? 0;
    const claims =
      candidate.late === undefined
        ? await claimTasks(tx, job, claimant, count)
        : await claimSecondAttempts(tx, job, claimant, candidate.late, count);
    if (claims.length > 0) claimed.set(candidate, { ...candidate, job, claims });
  }
  // Jobs are locked in ascending order; the runner begins with those whose turn came first.
  const inTurn = jobs.flatMap((candidate) => claimed.get(candidate) ?? []);
  return { jobs: inTurn, isBeaten: counts.size > 0 && inTurn.length === 0 };
}

function isKept(ctx: Context, runner: Runner, { job, asks }: Candidate): boolean {
  return isKeptFor(ctx.runners, runner, waitingKey(job.no, asks), ctx.now());
}

function claimantOf(ctx: Context, runner: Runner, needs: Needs, asks: ReadyClass) {
  // One draw for all of them; one by one they would cost more than the rows that they name.
  const batch = randomBytes(12).toString('base64url');
  let last = 0;
  return {
    runner: runner.id,
    incarnation: runner.incarnation,
    ...needs,
    asks,
    newLeaseId: () => `${batch}-${(last += 1)}`,
    now: ctx.now(),
    leaseMs: ctx.config.leaseMs,
  };
}

/** Turns claims into grants after the commit, with small chunks in the message's tail. */
export async function presentGrants(
  ctx: Context,
  runner: Runner,
  jobs: readonly JobClaims[],
): Promise<{ contexts: TaskContext[]; grants: Grant[]; tail: Uint8Array[] }> {
  const contexts: TaskContext[] = [];
  const grants: Grant[] = [];
  const tail: Uint8Array[] = [];
  let offset = 0;
  for (const { job, policy, secrets, needs, asks, claims } of jobs) {
    const kind = claims[0]?.source.kind;
    if (kind === undefined) continue;
    contexts.push({
      ...taskContext(job, policy, kind, secrets),
      cpus: needs.cpus,
      memoryBytes: needs.memoryBytes,
      alone: asks.alone === 1,
    });
    const notes = notesOf(componentOf(policy, kind), needs, asks);
    const taskId = taskIdMaker(job.uuid);
    const bytesOf = await readInline(ctx, claims);
    for (const claim of claims) {
      const bytes = bytesOf.get(claim);
      grants.push({
        lease: claim.lease.id,
        ref: refOf(claim),
        taskId: taskId(claim.source),
        context: contexts.length - 1,
        notes,
        chunkName: claim.source.name,
        queueSeconds: Math.max(0, ctx.now() - claim.source.created_at) / 1000,
        input:
          bytes === undefined
            ? { streamBytes: claim.source.source_length }
            : { inline: { offset, length: bytes.byteLength } },
      });
      if (bytes === undefined) continue;
      tail.push(bytes);
      offset += bytes.byteLength;
    }
  }
  await nameCaches(ctx, runner.id, contexts);
  return { contexts, grants, tail };
}

/** What the log of an attempt says of it first. */
function notesOf(component: PinnedRevision, needs: Needs, { alone }: ReadyClass): string[] {
  const base = needsOf(component).memoryBytes;
  return [
    ...(needs.memoryBytes > base
      ? [
          `the task gets ${memoryWords(needs.memoryBytes)} of memory instead of ${memoryWords(base)}: an earlier attempt ran out of it`,
        ]
      : []),
    ...(alone === 1
      ? ['the task has its runner for itself: runners were lost with earlier attempts']
      : []),
  ];
}

/** Small chunks by their claim. Where one cannot be read all are streamed, and its own task fails by it. */
async function readInline(
  ctx: Context,
  claims: readonly Claim[],
): Promise<ReadonlyMap<Claim, Uint8Array>> {
  const inline = claims.filter((claim) => isInline(claim));
  const ranges = inline.map(({ source }) => ({
    key: source.source_key ?? '',
    offset: source.source_offset,
    length: source.source_length,
  }));
  try {
    const contents = await readRanges(ctx.blobs, ranges);
    return new Map(inline.map((claim, i) => [claim, contents[i] ?? new Uint8Array()]));
  } catch (error) {
    ctx.logger.error({ err: error, job: inline[0]?.lease.job }, 'chunks could not be read');
    return new Map();
  }
}

function isInline({ source }: Claim): boolean {
  return source.kind === 'APP' && source.source_length <= INLINE_LIMIT;
}

function refOf({ lease }: Claim) {
  const { job, kind, run, chunk, attempt } = lease;
  return { job, kind, run, chunk, attempt };
}
