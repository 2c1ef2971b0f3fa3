/** Which jobs a runner could work for, in the order of their turn; read before the transaction. */
import type { SecretGrant, TaskKind } from '@bytenite/contract';
import type { Context } from '../../context.ts';
import { hasAnyRoom, hasRoom, type Room } from '../../domain/limits.ts';
import { kindClaimedIn } from '../../domain/job-state.ts';
import { grantedTo, type Asking } from '../../domain/share-out.ts';
import { askedMemory } from '../../domain/raise-memory.ts';
import { runOf } from '../../domain/task-run.ts';
import { placeOf, waitingJobs, type JobPlace, type WaitingJob } from '../../store/queue.ts';
import { dueClasses, isOrdinary, ORDINARY, type ReadyClass } from '../../store/ready.ts';
import type { Late } from '../../store/stragglers.ts';
import type { JobRow } from '../../store/tables.ts';
import { waitingStandings, type Standing } from '../fairness/standings.ts';
import { componentOf, policyOf, type JobPolicy } from '../job-policy.ts';
import { largestMemory, type Runner } from '../runners.ts';
import { candidateSecrets } from './candidate-secrets.ts';
import { canRun, needsOf } from './task-context.ts';

/** Tasks granted in one exchange, whatever the runner asks for. */
export const MAX_GRANTS = 500;
/** Jobs looked at in one exchange. */
const MAX_CANDIDATES = 64;
/** Of one account where many wait. */
const MIN_PER_ACCOUNT = 8;
/** Jobs of one account that are gone through where those in front cannot run. */
const PAGE = 256;
const MAX_PAGES = 40;

export interface Candidate extends Asking {
  job: JobRow;
  policy: JobPolicy;
  secrets: SecretGrant[];
  asks: ReadyClass;
  /** Set where what waits are second attempts of tasks that run. */
  late?: Late;
}

export interface Candidates {
  jobs: Candidate[];
  standings: Standing[];
}

/** Jobs with something to claim that this runner can run at all. */
export async function findCandidates(ctx: Context, runner: Runner): Promise<Candidates> {
  // Results need room; those of tasks under way are still taken.
  await ctx.disk.refresh();
  if (runner.draining || ctx.disk.isLow()) return { jobs: [], standings: [] };
  const standings = (await waitingStandings(ctx)).filter(({ room }) => hasAnyRoom(room));
  const perAccount = Math.max(MIN_PER_ACCOUNT, Math.floor(MAX_CANDIDATES / standings.length));
  const jobs: Candidate[] = [];
  for (const { account, room } of standings) {
    if (jobs.length >= MAX_CANDIDATES) break;
    jobs.push(...(await candidatesOf(ctx, runner, { account, room }, perAccount)));
  }
  return { jobs, standings };
}

async function candidatesOf(
  ctx: Context,
  runner: Runner,
  { account, room }: { account: string; room: Room },
  limit: number,
): Promise<Candidate[]> {
  const { db } = ctx.store;
  const candidates: Candidate[] = [];
  // Jobs that no runner can run, or none for now, must not hide those behind them.
  let after: JobPlace | null = null;
  for (let page = 0; page < MAX_PAGES && candidates.length < limit; page += 1) {
    const size = { limit: page === 0 ? limit : PAGE, maxDue: MAX_GRANTS };
    const jobs = await waitingJobs(db, account, ctx.now(), { after, ...size });
    for (const job of jobs) {
      if (candidates.length >= limit) break;
      candidates.push(...(await candidatesOfJob(ctx, runner, { account, room }, job)));
    }
    const last = jobs.at(-1);
    if (last === undefined || jobs.length < size.limit) break;
    after = placeOf(last);
  }
  return candidates;
}

/** Of one job; tasks that ask for more than the others come first, because they have waited before. */
async function candidatesOfJob(
  ctx: Context,
  runner: Runner,
  { account, room }: { account: string; room: Room },
  { waiting, fresh, asksMore, ...job }: WaitingJob,
): Promise<Candidate[]> {
  const kind = kindClaimedIn(job.state);
  const policy = await policyOf(ctx, ctx.store.db, job.no, job.run);
  if (kind === null) return [];
  const component = componentOf(policy, kind);
  const largest = largestMemory(ctx.runners, ctx.now());
  const demands = asksMore ? await demandsOf(ctx, job, kind, fresh) : [{ asks: ORDINARY, waiting }];
  const fitting = demands.flatMap(({ asks, waiting: count }) => {
    const { memoryBytes: base, ...others } = needsOf(component);
    const needs = { ...others, memoryBytes: askedMemory(base, asks.memoryBytes, largest) };
    const fits = canRun(runner, component, needs) && hasRoom(room, grantedTo(needs, runner).cpus);
    return fits && count > 0 ? [{ asks, alone: asks.alone === 1, needs, waiting: count }] : [];
  });
  if (fitting.length === 0) return [];
  const secrets = await candidateSecrets(ctx, job, policy, component);
  if (secrets === null) return [];
  return fitting.map((demand) => ({ account, job, policy, secrets, ...demand }));
}

async function demandsOf(ctx: Context, job: JobRow, kind: TaskKind, fresh: number) {
  const stage = { job: job.no, kind, run: runOf(job, kind) };
  const classes = await dueClasses(ctx.store.db, stage, ctx.now(), MAX_GRANTS);
  const demands = classes
    .filter((asks) => !isOrdinary(asks))
    .map(({ due, ...asks }) => ({ asks, waiting: due }));
  const ordinary = classes.find(isOrdinary)?.due ?? 0;
  return [...demands, { asks: ORDINARY, waiting: fresh + ordinary }];
}
