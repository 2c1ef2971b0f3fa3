/** Runners as all servers know them: what they told at their registration, and what the operator wants. */
import { locksRows } from './dialect.ts';
import type { Db, Tx } from './store.ts';
import type { RunnerRow } from './tables.ts';

/** A runner with the name of its token; both null for the platform's own. */
export type KnownRunner = RunnerRow & {
  token_name: string | null;
  token_revoked_at: number | null;
};

export async function findRunner(db: Db, id: string): Promise<KnownRunner | undefined> {
  return knownRunners(db).where('runner.id', '=', id).executeTakeFirst();
}

export async function listKnownRunners(db: Db, limit: number): Promise<KnownRunner[]> {
  return knownRunners(db).orderBy('runner.id').limit(limit).execute();
}

function knownRunners(db: Db) {
  return db
    .selectFrom('runner')
    .leftJoin('runner_token', 'runner_token.id', 'runner.token')
    .selectAll('runner')
    .select(['runner_token.name as token_name', 'runner_token.revoked_at as token_revoked_at']);
}

/** Locks what is known of a runner, to be looked at and changed in one piece. */
export async function lockRunner(tx: Tx, id: string): Promise<RunnerRow | undefined> {
  return tx
    .selectFrom('runner')
    .selectAll()
    .where('id', '=', id)
    .$if(locksRows(tx), (query) => query.forUpdate())
    .executeTakeFirst();
}

/** What the operator said of the runner before stays. */
export async function saveRunner(
  tx: Tx,
  row: Omit<RunnerRow, 'draining' | 'drain_reason'>,
): Promise<void> {
  const { id: _id, ...facts } = row;
  await tx
    .insertInto('runner')
    .values({ ...row, draining: 0, drain_reason: '' })
    .onConflict((c) => c.column('id').doUpdateSet(facts))
    .execute();
}

export async function countRunnersOf(db: Db, token: string): Promise<number> {
  const { n } = await db
    .selectFrom('runner')
    .select((e) => e.fn.countAll<number>().as('n'))
    .where('token', '=', token)
    .executeTakeFirstOrThrow();
  return n;
}

export async function runnersOf(db: Db, token: string): Promise<string[]> {
  const rows = await db
    .selectFrom('runner')
    .select('id')
    .where('token', '=', token)
    .orderBy('id')
    .execute();
  return rows.map(({ id }) => id);
}

/** One statement for all that were heard of; one that began anew elsewhere is left alone. */
export async function noteRunnersSeen(
  db: Db,
  incarnations: readonly string[],
  now: number,
): Promise<void> {
  if (incarnations.length === 0) return;
  await db
    .updateTable('runner')
    .set({ seen_at: now })
    .where('incarnation', 'in', incarnations)
    .where('seen_at', '<', now)
    .execute();
}

/** False when there is no such runner. */
export async function setRunnerDraining(
  db: Db,
  id: string,
  { draining, reason }: { draining: boolean; reason: string },
): Promise<boolean> {
  const { numUpdatedRows } = await db
    .updateTable('runner')
    .set({ draining: Number(draining), drain_reason: reason })
    .where('id', '=', id)
    .executeTakeFirstOrThrow();
  return numUpdatedRows > 0n;
}

export async function deleteRunner(
  tx: Tx,
  { id, incarnation }: Pick<RunnerRow, 'id' | 'incarnation'>,
): Promise<void> {
  await tx
    .deleteFrom('runner')
    .where('id', '=', id)
    .where('incarnation', '=', incarnation)
    .execute();
}

/** Those that nobody drained: what the operator said is kept for longer. */
export async function forgetRunnersBefore(db: Db, before: number, limit: number): Promise<void> {
  await db
    .deleteFrom('runner')
    .where('id', 'in', (e) =>
      e
        .selectFrom('runner')
        .select('id')
        .where('draining', '=', 0)
        .where('seen_at', '<', before)
        .limit(limit),
    )
    .execute();
}

/** Tasks that runners hold; those without any are left out. */
export async function tasksByRunner(db: Db): Promise<Map<string, number>> {
  const rows = await db
    .selectFrom('lease')
    .select((e) => ['runner', e.fn.countAll<number>().as('tasks')] as const)
    .groupBy('runner')
    .execute();
  return new Map(rows.map(({ runner, tasks }) => [runner, tasks]));
}

export async function countTasksOf(db: Db, runner: string): Promise<number> {
  const { n } = await db
    .selectFrom('lease')
    .select((e) => e.fn.countAll<number>().as('n'))
    .where('runner', '=', runner)
    .executeTakeFirstOrThrow();
  return n;
}
