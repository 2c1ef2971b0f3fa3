/** Where a job stands among all that wait for runners, as its owner may know it. */
import { LRUCache } from 'lru-cache';
import type { Context } from '../../context.ts';
import { NOTHING_HELD, type Held } from '../../domain/fair-share.ts';
import { limitsOf, type Limits } from '../../domain/limits.ts';
import { heldByAccount, limitsOfAccount, waitingJobs, waitingTasks } from '../../store/queue.ts';
import type { Db } from '../../store/store.ts';
import type { JobRow } from '../../store/tables.ts';
import { waitingStandings } from '../fairness/standings.ts';

/** Jobs of one account that are looked at; a place behind them is told as at least that. */
const MAX_JOBS = 1000;
/** Tasks of one job that wait for another attempt; more are told as so many. */
const MAX_DUE = 1_000_000;
const RECENT_MS = 1000;

export interface QueueView {
  limits: Limits;
  /** What the account's tasks hold. */
  held: Held;
  /** What all tasks hold. */
  heldByAll: Held;
  /** Other accounts with waiting tasks, and those of them whose turn comes first. */
  others: { users: number; tasks: number; usersAhead: number };
  /** The account's own jobs with waiting tasks, in their order. */
  jobs: { no: number; waiting: number }[];
}

export interface Place {
  /** Turns before the job's own: of jobs of its owner, and one of each user whose turn comes first. */
  position: number;
  ownJobs: number;
  ownTasks: number;
}

export async function viewQueue(ctx: Context, db: Db, account: string): Promise<QueueView> {
  const held = await heldByAccount(db);
  const standings = await waitingStandings(ctx, db, held);
  const waiting = await waitingTasks(db, ctx.now());
  const at = standings.findIndex((standing) => standing.account === account);
  const others = standings.filter((standing) => standing.account !== account);
  const page = { after: null, limit: MAX_JOBS, maxDue: MAX_DUE };
  const jobs = await waitingJobs(db, account, ctx.now(), page);
  return {
    limits: limitsOf(await limitsOfAccount(db, account), ctx.config.userLimits),
    held: held.get(account) ?? NOTHING_HELD,
    heldByAll: sumOf([...held.values()]),
    others: {
      users: others.length,
      tasks: others.reduce((sum, other) => sum + (waiting.get(other.account) ?? 0), 0),
      usersAhead: Math.max(0, at),
    },
    jobs: jobs.map(({ no, waiting: tasks }) => ({ no, waiting: tasks })),
  };
}

const views = new WeakMap<Db, LRUCache<string, Promise<QueueView>>>();

/**
 * The same, at most a second old: many ask for the words of many jobs, and each look reads the whole queue.
 * Within a transaction it is read anew.
 */
export function recentQueue(ctx: Context, db: Db, account: string): Promise<QueueView> {
  if (db !== ctx.store.db) return viewQueue(ctx, db, account);
  let cache = views.get(db);
  if (cache === undefined) views.set(db, (cache = new LRUCache({ max: 1000, ttl: RECENT_MS })));
  const known = cache.get(account);
  if (known !== undefined) return known;
  const view = viewQueue(ctx, db, account);
  cache.set(account, view);
  // Who asks next asks again; the one who asked now is told why.
  view.catch(() => cache.delete(account));
  return view;
}

/** Null for a job without waiting tasks. */
export function placeIn(queue: QueueView, job: Pick<JobRow, 'no'>): Place | null {
  const at = queue.jobs.findIndex(({ no }) => no === job.no);
  if (at < 0) return null;
  const ahead = queue.jobs.slice(0, at);
  const ownTasks = ahead.reduce((sum, { waiting }) => sum + waiting, 0);
  return { position: 1 + at + queue.others.usersAhead, ownJobs: at, ownTasks };
}

function sumOf(all: readonly Held[]): Held {
  return all.reduce(
    (sum, { tasks, cpus, memoryBytes }) => ({
      tasks: sum.tasks + tasks,
      cpus: sum.cpus + cpus,
      memoryBytes: sum.memoryBytes + memoryBytes,
    }),
    NOTHING_HELD,
  );
}
