/** The transaction's second half: which waiting tasks this runner gets. */
import { randomBytes } from 'node:crypto';
import {
  INLINE_LIMIT,
  type ExchangeRequest,
  type Grant,
  type SecretGrant,
  type TaskContext,
} from '@bytenite/contract';
import type { Context } from '../../context.ts';
import { kindClaimedIn } from '../../domain/job-state.ts';
import { taskIdMaker } from '../../domain/task-id.ts';
import { claimableJobs, lockJob } from '../../store/jobs.ts';
import type { Tx } from '../../store/store.ts';
import type { JobRow } from '../../store/tables.ts';
import { componentOf, policyOf, type JobPolicy } from '../job-policy.ts';
import { readRanges } from '../read-ranges.ts';
import type { Runner } from '../runners.ts';
import { claimTasks, type Claim } from '../transitions/claim-tasks.ts';
import { candidateSecrets } from './candidate-secrets.ts';
import {
  canRun,
  grantedTo,
  isLargerThan,
  needsOf,
  taskContext,
  type Needs,
} from './task-context.ts';

/** Jobs looked at in one exchange. */
const MAX_CANDIDATES = 64;
/** Tasks granted in one exchange, whatever the runner asks for. */
const MAX_GRANTS = 500;

export interface Candidate {
  job: JobRow;
  policy: JobPolicy;
  secrets: SecretGrant[];
}

/** Jobs with something to claim that this runner can run at all; read before the transaction. */
export async function findCandidates(ctx: Context, runner: Runner): Promise<Candidate[]> {
  const { db } = ctx.store;
  const candidates: Candidate[] = [];
  // Results need room; those of tasks under way are still taken.
  if (ctx.disk.isLow()) return candidates;
  // Jobs that no runner can run must not hide those behind them.
  for (let after = 0; candidates.length < MAX_CANDIDATES;) {
    const jobs = await claimableJobs(db, ctx.now(), { after, limit: MAX_CANDIDATES });
    for (const job of jobs) {
      const kind = kindClaimedIn(job.state);
      const policy = await policyOf(ctx, db, job.no, job.run);
      if (kind === null || !canRun(runner, componentOf(policy, kind))) continue;
      const secrets = await candidateSecrets(ctx, job, policy, componentOf(policy, kind));
      if (secrets !== null) candidates.push({ job, policy, secrets });
    }
    if (jobs.length < MAX_CANDIDATES) break;
    after = jobs.at(-1)?.no ?? Infinity;
  }
  return candidates;
}

export interface JobClaims extends Candidate {
  claims: Claim[];
}

interface Capacity extends Needs {
  prefetch: number;
  idle: boolean;
  left: number;
}

/** Claims tasks of the candidates, oldest job first, until the runner's capacity is taken. */
export async function claimForRunner(
  ctx: Context,
  tx: Tx,
  runner: Runner,
  request: ExchangeRequest,
  candidates: readonly Candidate[],
): Promise<JobClaims[]> {
  const capacity: Capacity = {
    ...request.free,
    prefetch: request.prefetch,
    idle: request.idle,
    left: MAX_GRANTS,
  };
  const result: JobClaims[] = [];
  for (const { job: seen, policy, secrets } of candidates) {
    const kind = kindClaimedIn(seen.state);
    if (kind === null) continue;
    const needs = needsOf(componentOf(policy, kind));
    const wanted = capacityFor(needs, runner, capacity);
    if (wanted === 0) continue;
    const job = await lockJob(tx, seen.no);
    // Of another run, what was read before may not be true any more.
    if (job === undefined || job.state !== seen.state || job.run !== seen.run) continue;
    const taken = grantedTo(needs, runner);
    const claims = await claimTasks(tx, job, claimant(ctx, runner, taken), wanted);
    if (claims.length === 0) continue;
    result.push({ job, policy, secrets, claims });
    reduce(capacity, taken, claims.length);
  }
  return result;
}

function claimant(ctx: Context, runner: Runner, needs: Needs) {
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

/** How many tasks of these needs fit, staged ones included. */
function capacityFor(needs: Needs, runner: Runner, capacity: Capacity): number {
  if (isLargerThan(needs, runner)) return runner.overcommit && capacity.idle ? 1 : 0;
  return Math.min(capacity.left, fittingIn(capacity, needs) + capacity.prefetch);
}

function fittingIn(capacity: Needs, needs: Needs): number {
  const byCpu = needs.cpus > 0 ? Math.floor(capacity.cpus / needs.cpus) : MAX_GRANTS;
  const byMemory =
    needs.memoryBytes > 0 ? Math.floor(capacity.memoryBytes / needs.memoryBytes) : MAX_GRANTS;
  return Math.max(0, Math.min(byCpu, byMemory));
}

function reduce(capacity: Capacity, taken: Needs, count: number): void {
  const fitting = Math.min(count, fittingIn(capacity, taken));
  capacity.cpus -= taken.cpus * fitting;
  capacity.memoryBytes -= taken.memoryBytes * fitting;
  capacity.prefetch = Math.max(0, capacity.prefetch - (count - fitting));
  capacity.left -= count;
  capacity.idle = false;
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
