/** Lists of templates. */
import { sql, type RawBuilder } from 'kysely';
import type { ListPage } from './component-list.ts';
import { dialectOf, type DialectName, type DialectTraits } from './dialect.ts';
import { isShared } from './shared.ts';
import type { Db } from './store.ts';
import { toRecord, type TemplateRecord } from './templates.ts';

/** Those of an account, all public ones, or for each id the one that findTemplate would find. */
export type TemplateScope = { account: string } | 'public' | { usableBy: string };

type Sortable = (traits: DialectTraits) => RawBuilder<unknown>;

const column = (name: string): Sortable => {
  return () => sql.ref(name);
};
const ofDoc = (key: string): Sortable => {
  return ({ json }) => json.text(sql.ref('template.doc'), key);
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
  if (scope === 'public') return listed.where(isShared('template'));
  if ('account' in scope) return listed.where('template.account', '=', scope.account);
  return listed.where((e) =>
    e.or([
      e('template.account', '=', scope.usableBy),
      e.and([isShared('template'), e.not(e.exists(betterTemplate(db, scope.usableBy)))]),
    ]),
  );
}

/** One of the same id that is found in a public template's place. */
function betterTemplate(db: Db, account: string) {
  return db
    .selectFrom('template as other')
    .innerJoin('account as theirs', 'theirs.id', 'other.account')
    .select('other.id')
    .whereRef('other.id', '=', sql.ref('template.id'))
    .where((e) =>
      e.or([
        e('other.account', '=', account),
        e.and([
          e('other.is_public', '=', 1),
          e('theirs.disabled', '=', 0),
          e('other.created_at', '<', sql.ref<number>('template.created_at')),
        ]),
      ]),
    );
}
