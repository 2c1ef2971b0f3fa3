import { sql, type RawBuilder, type SqlBool } from 'kysely';

/** Published, and its owner is not disabled: what a user may no longer do is not done by others either. */
export function isShared(table: 'component' | 'template'): RawBuilder<SqlBool> {
  const isPublic = sql.ref(`${table}.is_public`);
  const owner = sql.ref(`${table}.account`);
  return sql`(${isPublic} = 1 and exists (
    select 1 from account as sharer where sharer.id = ${owner} and sharer.disabled = 0
  ))`;
}
