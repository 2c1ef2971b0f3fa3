import { sql } from 'kysely';

/**
 * The order of an account's jobs; word for word that of an index, or it would not be used. A job that was
 * given no priority is as one that is balanced.
 */
export const PRIORITY_RANK = sql<number>`(case priority when 'FAST' then 0 when 'CHEAP' then 2 else 1 end)`;
