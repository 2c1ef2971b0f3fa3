/** Runner tokens, stored hashed only. A row is never deleted: one that ended must stay known as ended. */
import type { Db, Tx } from './store.ts';
import type { RunnerTokenRow } from './tables.ts';

/** False where a token in use has the same name. */
export async function insertRunnerToken(tx: Tx, row: RunnerTokenRow): Promise<boolean> {
  const { numInsertedOrUpdatedRows } = await tx
    .insertInto('runner_token')
    .values(row)
    .onConflict((c) => c.doNothing())
    .executeTakeFirstOrThrow();
  return numInsertedOrUpdatedRows === 1n;
}

/** The token of this hash, unless it was revoked. */
export async function findUsableRunnerToken(
  db: Db,
  hash: string,
): Promise<RunnerTokenRow | undefined> {
  return db
    .selectFrom('runner_token')
    .selectAll()
    .where('hash', '=', hash)
    .where('revoked_at', 'is', null)
    .executeTakeFirst();
}

export async function countUsableRunnerTokens(db: Db): Promise<number> {
  const { n } = await db
    .selectFrom('runner_token')
    .select((e) => e.fn.countAll<number>().as('n'))
    .where('revoked_at', 'is', null)
    .executeTakeFirstOrThrow();
  return n;
}

/** The newest first, with how many runners came with each. */
export async function listRunnerTokens(
  db: Db,
  limit: number,
): Promise<(RunnerTokenRow & { runners: number })[]> {
  return db
    .selectFrom('runner_token')
    .selectAll('runner_token')
    .select((e) =>
      e
        .selectFrom('runner')
        .select((r) => r.fn.countAll<number>().as('n'))
        .whereRef('runner.token', '=', 'runner_token.id')
        .$asScalar()
        .$notNull()
        .as('runners'),
    )
    .orderBy('created_at', 'desc')
    .orderBy('id', 'desc')
    .limit(limit)
    .execute();
}

/** False when there is no such token; one that has ended stays so. */
export async function endRunnerToken(tx: Tx, id: string, now: number): Promise<boolean> {
  const row = await tx
    .selectFrom('runner_token')
    .select('id')
    .where('id', '=', id)
    .executeTakeFirst();
  if (row === undefined) return false;
  await tx
    .updateTable('runner_token')
    .set({ revoked_at: now })
    .where('id', '=', id)
    .where('revoked_at', 'is', null)
    .execute();
  return true;
}
