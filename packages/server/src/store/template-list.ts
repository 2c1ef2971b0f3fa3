/** Lists of templates. */
import { sql, type RawBuilder } from 'kysely';
import type { ListPage } from './component-list.ts';
import { dialectOf, type DialectName, type DialectTraits } from './dialect.ts';
import type { Db } from './store.ts';
import { toRecord, type TemplateRecord } from './templates.ts';

/** Those of an account, or all public ones. */
export type TemplateScope = { account: string } | 'public';

type Sortable = (traits: DialectTraits) => RawBuilder<unknown>;

const column = (name: string): Sortable => {
  return () => sql.ref(name);
};
const ofDoc = (key: string): Sortable => {
  return ({ jsonText }) => jsonText('template.doc', key);
};

/** Every scalar field of a Template. */
const SORTABLE = {
  createdAt: column('template.created_at'),
  updatedAt: column('template.updated_at'),
  id: column('template.id'),
  isPublic: column('template.is_public'),
  owner: column('template.account'),
  userName: column('account.user_name'),
  description: ofDoc('description'),
  app: ofDoc('app'),
  partitioner: ofDoc('partitioner'),
  assembler: ofDoc('assembler'),
} satisfies Record<string, Sortable>;

export type TemplateField = keyof typeof SORTABLE;
export const TEMPLATE_FIELDS = Object.keys(SORTABLE) as TemplateField[];

export async function countTemplates(db: Db, scope: TemplateScope): Promise<number> {
  const { n } = await inScope(db, scope)
    .select((e) => e.fn.countAll<number>().as('n'))
    .executeTakeFirstOrThrow();
  return n;
}

/** One page of a list; ties are ordered by id and owner. */
export async function listTemplates(
  db: Db,
  dialect: DialectName,
  scope: TemplateScope,
  { order, limit, offset }: ListPage<TemplateField>,
): Promise<TemplateRecord[]> {
  const rows = await inScope(db, scope)
    .selectAll('template')
    .select('account.user_name')
    .orderBy(SORTABLE[order.column](dialectOf(dialect)), order.descending ? 'desc' : 'asc')
    .orderBy('template.id')
    .orderBy('template.account')
    .limit(limit)
    .offset(offset)
    .execute();
  return rows.map(toRecord);
}

function inScope(db: Db, scope: TemplateScope) {
  const listed = db.selectFrom('template').innerJoin('account', 'account.id', 'template.account');
  return scope === 'public'
    ? listed.where('template.is_public', '=', 1)
    : listed.where('template.account', '=', scope.account);
}
