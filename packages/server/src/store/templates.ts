/** Job templates: an id that is unique in its account, user data as source text. */
import type { ComponentType } from '@bytenite/contract';
import type { TemplateSnapshot } from '../domain/job-doc.ts';
import { isShared } from './shared.ts';
import type { Db, Tx } from './store.ts';
import type { TemplateRow } from './tables.ts';

/** `template.doc`: what a template says beside its params. */
export interface TemplateDoc extends Omit<TemplateSnapshot, 'info'> {
  description: string;
  app: string;
  partitioner: string;
  assembler: string;
}

export type TemplateParams = Record<ComponentType, string>;

export interface TemplateRecord {
  row: TemplateRow;
  /** Of the account that owns it. */
  userName: string;
  doc: TemplateDoc;
  params: TemplateParams;
  /** What a job keeps of it. */
  snapshot: TemplateSnapshot;
}

/** The caller's own template, else a public one of that id. */
export async function findTemplate(
  db: Db,
  account: string,
  id: string,
): Promise<TemplateRecord | undefined> {
  const row = await records(db)
    .where('template.id', '=', id)
    .where((e) => e.or([e('template.account', '=', account), isShared('template')]))
    .orderBy((e) => e.case().when('template.account', '=', account).then(0).else(1).end())
    .orderBy('template.created_at')
    .limit(1)
    .executeTakeFirst();
  return row === undefined ? undefined : toRecord(row);
}

/** A public template of one owner. */
export async function findPublicTemplate(
  db: Db,
  owner: string,
  id: string,
): Promise<TemplateRecord | undefined> {
  const row = await records(db)
    .where('template.account', '=', owner)
    .where('template.id', '=', id)
    .where(isShared('template'))
    .executeTakeFirst();
  return row === undefined ? undefined : toRecord(row);
}

/** The account's own template of an id. */
export async function findOwnTemplate(
  db: Db,
  account: string,
  id: string,
): Promise<TemplateRecord | undefined> {
  const row = await records(db)
    .where('template.account', '=', account)
    .where('template.id', '=', id)
    .executeTakeFirst();
  return row === undefined ? undefined : toRecord(row);
}

export interface SavedTemplate {
  account: string;
  id: string;
  doc: TemplateDoc;
  params: TemplateParams;
  now: number;
}

/** Creates a template, or replaces the account's own of that id. */
export async function saveTemplate(db: Db | Tx, saved: SavedTemplate): Promise<void> {
  const contents = {
    doc: JSON.stringify(saved.doc),
    params_partitioner: saved.params.partitioner,
    params_app: saved.params.app,
    params_assembler: saved.params.assembler,
    updated_at: saved.now,
  };
  await db
    .insertInto('template')
    .values({
      account: saved.account,
      id: saved.id,
      is_public: 0,
      created_at: saved.now,
      ...contents,
    })
    .onConflict((c) => c.columns(['account', 'id']).doUpdateSet(contents))
    .execute();
}

/** Lets other accounts use an own template, or keeps it from them; false when there is none. */
export async function setTemplatePublic(
  db: Db,
  { account, id }: Pick<TemplateRow, 'account' | 'id'>,
  isPublic: boolean,
): Promise<boolean> {
  const { numUpdatedRows } = await db
    .updateTable('template')
    .set({ is_public: isPublic ? 1 : 0 })
    .where('account', '=', account)
    .where('id', '=', id)
    .executeTakeFirst();
  return numUpdatedRows > 0n;
}

/** False when there is no such template. */
export async function deleteTemplate(
  db: Db,
  { account, id }: Pick<TemplateRow, 'account' | 'id'>,
): Promise<boolean> {
  const { numDeletedRows } = await db
    .deleteFrom('template')
    .where('account', '=', account)
    .where('id', '=', id)
    .executeTakeFirst();
  return numDeletedRows > 0n;
}

function records(db: Db) {
  return db
    .selectFrom('template')
    .innerJoin('account', 'account.id', 'template.account')
    .selectAll('template')
    .select('account.user_name');
}

export function toRecord({
  user_name,
  ...row
}: TemplateRow & { user_name: string }): TemplateRecord {
  const doc = JSON.parse(row.doc) as TemplateDoc;
  const { description, app, partitioner, assembler, ...rest } = doc;
  return {
    row,
    userName: user_name,
    doc,
    params: {
      partitioner: row.params_partitioner,
      app: row.params_app,
      assembler: row.params_assembler,
    },
    snapshot: {
      info: { id: row.id, owner: row.account, description, app, partitioner, assembler },
      ...rest,
    },
  };
}
