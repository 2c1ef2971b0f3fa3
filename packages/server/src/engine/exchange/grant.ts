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
import { grantedTo, shareOut } from '../../domain/share-out.ts';
import { taskIdMaker } from '../../domain/task-id.ts';
import { lockJob } from '../../store/jobs.ts';
import type { Tx } from '../../store/store.ts';
import { isKeptFor } from '../fairness/reservations.ts';
import { withRoomNow } from '../fairness/standings.ts';
import { readRanges } from '../read-ranges.ts';
import type { Runner } from '../runners.ts';
import { claimTasks, type Claim } from '../transitions/claim-tasks.ts';
import { MAX_GRANTS, type Candidate, type Candidates } from './candidates.ts';
import { taskContext } from './task-context.ts';

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
  const capacity = { ...request.free, prefetch, idle, left: MAX_GRANTS };
  const { counts, passedOver } = shareOut(jobs, await withRoomNow(tx, standings), {
    size: runner,
    capacity,
    halfLifeMs: ctx.config.fairHalfLifeMs,
  });
  if (passedOver !== null && isKeptFor(ctx.runners, runner, passedOver.job.no, ctx.now())) {
    return { jobs: [], isBeaten: false };
  }
  const claimed = new Map<Candidate, JobClaims>();
  for (const candidate of [...counts.keys()].toSorted((a, b) => a.job.no - b.job.no)) {
    const { job: seen, needs } = candidate;
    const job = await lockJob(tx, seen.no);
    // Of another run, what was read before may not be true any more.
    if (job === undefined || job.state !== seen.state || job.run !== seen.run) continue;
    const claimant = claimantOf(ctx, runner, grantedTo(needs, runner));
    const claims = await claimTasks(tx, job, claimant, counts.get(candidate) ?? 0);
    if (claims.length > 0) claimed.set(candidate, { ...candidate, job, claims });
  }
  // Jobs are locked in ascending order; the runner begins with those whose turn came first.
  const inTurn = jobs.flatMap((candidate) => claimed.get(candidate) ?? []);
  return { jobs: inTurn, isBeaten: counts.size > 0 && inTurn.length === 0 };
}

function claimantOf(ctx: Context, runner: Runner, needs: Needs) {
  // One draw for all of them; one by one they would cost more than the rows that they name.
  const batch = randomBytes(12).toString('base64url');
  let last = 0;
  return {
    runner: runner.id,
    incarnation: runner.incarnation,
    ...needs,
    newLeaseId: () => `${batch}-${(last += 1)}`,
    now: ctx.now(),
    leaseMs: ctx.config.leaseMs,
  };
}

/** Turns claims into grants after the commit, with small chunks in the message's tail. */
export async function presentGrants(
  ctx: Context,
  jobs: readonly JobClaims[],
): Promise<{ contexts: TaskContext[]; grants: Grant[]; tail: Uint8Array[] }> {
  const contexts: TaskContext[] = [];
  const grants: Grant[] = [];
  const tail: Uint8Array[] = [];
  let offset = 0;
  for (const { job, policy, secrets, claims } of jobs) {
    const kind = claims[0]?.source.kind;
    if (kind === undefined) continue;
    contexts.push(taskContext(job, policy, kind, secrets));
    const taskId = taskIdMaker(job.uuid);
    const bytesOf = await readInline(ctx, claims);
    for (const claim of claims) {
      const bytes = bytesOf.get(claim);
      grants.push({
        lease: claim.lease.id,
        ref: refOf(claim),
        taskId: taskId(claim.source),
        context: contexts.length - 1,
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
  return { contexts, grants, tail };
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
