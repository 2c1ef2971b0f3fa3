/** What waits for runners: accounts with waiting tasks, their jobs in order, what each account has. */
import { sql, type ExpressionBuilder, type SqlBool } from 'kysely';
import type { Priority } from '@bytenite/contract';
import type { Held, Usage } from '../domain/fair-share.ts';
import type { Limits } from '../domain/limits.ts';
import { PRIORITY_RANK } from './priority-rank.ts';
import { IS_RUNNING } from './jobs.ts';
import { locksRows } from './dialect.ts';
import type { Db, Tx } from './store.ts';
import type { JobRow, Tables } from './tables.ts';

/** A job with tasks that could be claimed now, and how many; of those that are due as many as were counted. */
export type WaitingJob = JobRow & {
  waiting: number;
  /** Those that were never claimed. */
  fresh: number;
  /** Some that wait, due or not, ask for more than the component does. */
  asksMore: boolean;
};

/** Where the next page of an account's jobs begins. */
export interface JobPlace {
  rank: number;
  no: number;
}

const RANKS: Record<Priority, number> = { FAST: 0, UNDEFINED: 1, BALANCED: 1, CHEAP: 2 };

export function placeOf(job: Pick<JobRow, 'priority' | 'no'>): JobPlace {
  return { rank: RANKS[job.priority], no: job.no };
}

/** Accounts that have a task to claim, with their own limits. */
export async function waitingAccounts(
  db: Db,
  now: number,
): Promise<{ id: string; limits: Partial<Limits> | null }[]> {
  const rows = await db
    .selectFrom('account')
    .select(['account.id', 'account.limits'])
    .where((e) =>
      e.exists(
        e
          .selectFrom('job')
          .select('job.no')
          .whereRef('job.account', '=', 'account.id')
          .where(IS_RUNNING)
          .where(isClaimable(now)),
      ),
    )
    .orderBy('account.id')
    .execute();
  return rows.map(({ id, limits }) => ({ id, limits: parseLimits(limits) }));
}

/** Whose jobs to look at: how many behind a place, and how many due tasks of each to count at most. */
export interface JobPage {
  after: JobPlace | null;
  limit: number;
  maxDue: number;
}

/** An account's jobs with tasks to claim, in the order in which they are served. */
export async function waitingJobs(
  db: Db,
  account: string,
  now: number,
  page: JobPage,
): Promise<WaitingJob[]> {
  let query = db
    .selectFrom('job')
    .selectAll('job')
    .select((e) => [
      e
        .selectFrom(
          e
            .selectFrom('ready')
            .select('ready.chunk')
            .whereRef('ready.job', '=', 'job.no')
            .where('ready.ready_at', '<=', now)
            .limit(page.maxDue)
            .as('counted'),
        )
        .select((c) => c.fn.countAll<number>().as('n'))
        .$asScalar()
        .as('due'),
      e.or([asks(e, 1, 0), asks(e, 0, 1)]).as('asks_more'),
    ])
    .where('account', '=', account)
    .where(IS_RUNNING)
    .where(isClaimable(now));
  const { after } = page;
  if (after !== null) {
    query = query.where((e) =>
      e.or([
        e(PRIORITY_RANK, '>', after.rank),
        e.and([e(PRIORITY_RANK, '=', after.rank), e('no', '>', after.no)]),
      ]),
    );
  }
  const rows = await query.orderBy(PRIORITY_RANK).orderBy('no').limit(page.limit).execute();
  return rows.map(({ due, asks_more: more, ...job }) => {
    const fresh = job.state === 'PARTITIONED' ? Math.max(0, job.num_chunks - job.cursor) : 0;
    return { ...job, fresh, waiting: fresh + due, asksMore: Boolean(more) };
  });
}

/** Whether tasks wait that ask for this; a look into the index for each. */
function asks(e: ExpressionBuilder<Tables, 'job'>, alone: 0 | 1, leastBytes: number) {
  return e.exists(
    e
      .selectFrom('ready')
      .select('ready.job')
      .whereRef('ready.job', '=', 'job.no')
      .where('ready.alone', '=', alone)
      .where('ready.memory_bytes', '>=', leastBytes),
  );
}

function isClaimable(now: number) {
  return (e: ExpressionBuilder<Tables, 'job'>) =>
    e.or([
      e.and([e('job.state', '=', 'PARTITIONED'), e('job.cursor', '<', e.ref('job.num_chunks'))]),
      e.and([
        sql<SqlBool>`job.state in ('PARTITIONING', 'PARTITIONED', 'MERGING')`,
        e.exists(
          e
            .selectFrom('ready')
            .select('ready.job')
            .whereRef('ready.job', '=', 'job.no')
            .where('ready.ready_at', '<=', now),
        ),
      ]),
    ]);
}

/** First of the two numbers of the locks below; all programs on a database share them. */
const CLAIMS = 724_617_302;

/**
 * Until the transaction ends nobody else takes tasks of these accounts, or for this runner: what was seen of what
 * they hold stays true. A runner comes before accounts, and jobs are locked after both.
 */
export async function lockClaims(tx: Tx, ids: readonly string[]): Promise<void> {
  if (!locksRows(tx)) return;
  for (const id of ids.toSorted()) {
    await sql`select pg_advisory_xact_lock(${sql.lit(CLAIMS)}, hashtext(${id}))`.execute(tx);
  }
}

/** What each account's tasks hold now; accounts without tasks are left out. */
export async function heldByAccount(db: Db): Promise<Map<string, Held>> {
  const rows = await db
    .selectFrom('lease')
    .select((e) => [
      'account',
      e.fn.countAll<number>().as('tasks'),
      sql<number>`cast(sum(cpus) as double precision)`.as('cpus'),
      sql<number>`cast(sum(memory_bytes) as double precision)`.as('memoryBytes'),
    ])
    .groupBy('account')
    .execute();
  return new Map(rows.map(({ account, ...held }) => [account, held]));
}

export async function readUsage(db: Db): Promise<Map<string, Usage>> {
  const rows = await db.selectFrom('usage').selectAll().execute();
  return new Map(rows.map(({ account, amount, at }) => [account, { amount, at }]));
}

/** Writes an account's usage where it is still what was read; several servers may count at once. */
export async function saveUsage(
  db: Db,
  account: string,
  seen: Usage | null,
  next: Usage,
): Promise<void> {
  if (seen === null) {
    const row = { account, ...next };
    const insert = db.insertInto('usage').values(row);
    await insert.onConflict((c) => c.column('account').doNothing()).execute();
    return;
  }
  await db
    .updateTable('usage')
    .set(next)
    .where('account', '=', account)
    .where('at', '=', seen.at)
    .execute();
}

export async function limitsOfAccount(db: Db, account: string): Promise<Partial<Limits> | null> {
  const row = await db
    .selectFrom('account')
    .select('limits')
    .where('id', '=', account)
    .executeTakeFirst();
  return parseLimits(row?.limits ?? null);
}

/** Of several accounts; one that is gone is left out. */
export async function limitsOfAccounts(
  db: Db,
  accounts: readonly string[],
): Promise<Map<string, Partial<Limits> | null>> {
  const rows = await db
    .selectFrom('account')
    .select(['id', 'limits'])
    .where('id', 'in', accounts)
    .execute();
  return new Map(rows.map(({ id, limits }) => [id, parseLimits(limits)]));
}

export function parseLimits(text: string | null): Partial<Limits> | null {
  return text === null ? null : (JSON.parse(text) as Partial<Limits>);
}

/** Chunks of an account's running jobs that are not done. */
export async function unfinishedTasks(db: Db, account: string): Promise<number> {
  const { n } = await db
    .selectFrom('job')
    .select(sql<number>`coalesce(cast(sum(num_chunks - committed - failed) as bigint), 0)`.as('n'))
    .where('account', '=', account)
    .where(IS_RUNNING)
    .executeTakeFirstOrThrow();
  return n;
}

/** How many tasks of each account wait: those never claimed, and those that are due. */
export async function waitingTasks(db: Db, now: number): Promise<Map<string, number>> {
  const fresh = await db
    .selectFrom('job')
    .select(['account', sql<number>`cast(sum(num_chunks - cursor) as bigint)`.as('tasks')])
    .where('state', '=', 'PARTITIONED')
    .where(IS_RUNNING)
    .groupBy('account')
    .execute();
  const due = await db
    .selectFrom('ready')
    .innerJoin('job', 'job.no', 'ready.job')
    .select((e) => ['job.account', e.fn.countAll<number>().as('tasks')])
    .where('ready.ready_at', '<=', now)
    .groupBy('job.account')
    .execute();
  const waiting = new Map<string, number>();
  for (const { account, tasks } of [...fresh, ...due]) {
    waiting.set(account, (waiting.get(account) ?? 0) + tasks);
  }
  return waiting;
}

/** Tasks that run at this moment, and for how long on average. */
export async function runningTimes(
  db: Db,
  now: number,
): Promise<{ tasks: number; meanAgeMs: number }> {
  const row = await db
    .selectFrom('lease')
    .select((e) => [
      e.fn.countAll<number>().as('tasks'),
      sql<number>`coalesce(cast(avg(assigned_at) as double precision), 0)`.as('assigned'),
    ])
    .executeTakeFirstOrThrow();
  return { tasks: row.tasks, meanAgeMs: row.tasks === 0 ? 0 : Math.max(0, now - row.assigned) };
}
