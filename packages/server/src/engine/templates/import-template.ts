import {
  ApiError,
  COMPONENT_TYPES,
  notFound,
  precondition,
  type ComponentType,
} from '@bytenite/contract';
import type { Context } from '../../context.ts';
import { isPassthrough } from '../../domain/job-doc.ts';
import { formatTag } from '../../domain/tags.ts';
import { ownersOfPublicTemplates } from '../../store/public-owners.ts';
import type { Tx } from '../../store/store.ts';
import {
  findOwnTemplate,
  findPublicTemplate,
  saveTemplate,
  type TemplateDoc,
  type TemplateRecord,
} from '../../store/templates.ts';
import type { Account } from '../auth/account.ts';
import { chooseOwner } from '../choose-owner.ts';
import { copyPackage, saveCopy, type Copy } from '../components/copy-component.ts';
import { resolveTag } from '../components/resolve-tag.ts';
import { withoutPassword } from './usable-template.ts';

type Tags = Record<ComponentType, string>;

/** Copies another account's public template and the components that its tags stand for now. */
export async function importTemplate(
  ctx: Context,
  account: Account,
  named: { id: string; owner: string | undefined },
): Promise<TemplateRecord> {
  const source = await findSource(ctx, account, named);
  const copies = await copyComponents(ctx, source);
  return ctx.store.transact(async (tx) => {
    const tags = await saveCopies(ctx, tx, account, { source, copies });
    return saveImported(ctx, tx, account, source, tags);
  });
}

async function findSource(
  ctx: Context,
  account: Account,
  { id, owner }: { id: string; owner: string | undefined },
): Promise<TemplateRecord> {
  const { db } = ctx.store;
  const owners = await ownersOfPublicTemplates(db, { id, owner, except: account.id });
  const chosen = chooseOwner(owners, owner, id);
  const source = chosen === null ? undefined : await findPublicTemplate(db, chosen, id);
  if (source === undefined) throw notFound('public template');
  return source;
}

/** What jobs would use: the newest active revisions. Whoever may run them may not copy what is private. */
async function copyComponents(
  ctx: Context,
  { row, doc }: TemplateRecord,
): Promise<Map<ComponentType, Copy>> {
  const copies = new Map<ComponentType, Copy>();
  for (const type of COMPONENT_TYPES) {
    const tag = doc[type];
    if (isPassthrough(tag)) continue;
    const query = { account: row.account, types: [type], tag, active: true };
    const record = await resolveTag(ctx.store.db, query);
    if (record === null) throw precondition(`no active ${type} matches ${tag}`);
    if (record.component.is_public === 0) {
      throw precondition(
        `the ${type} ${formatTag(record.component)} of template ${row.id} is not public: its owner has to publish it before it can be imported`,
      );
    }
    copies.set(type, await copyPackage(ctx, record));
  }
  return copies;
}

/** The tags under which the account's own jobs find the copies: the template's where they do. */
async function saveCopies(
  ctx: Context,
  tx: Tx,
  account: Account,
  { source, copies }: { source: TemplateRecord; copies: ReadonlyMap<ComponentType, Copy> },
): Promise<Tags> {
  const { app, partitioner, assembler } = source.doc;
  const tags = { app, partitioner, assembler };
  for (const [type, copy] of copies) {
    const { component } = await saveCopy(ctx, tx, account, copy);
    const query = { account: account.id, types: [type], tag: tags[type], active: false };
    const found = await resolveTag(tx, query);
    if (found?.component.id !== component.id) tags[type] = formatTag(component);
  }
  return tags;
}

async function saveImported(
  ctx: Context,
  tx: Tx,
  account: Account,
  { row, doc, params }: TemplateRecord,
  tags: Tags,
): Promise<TemplateRecord> {
  const dataSource = doc.dataSource && withoutPassword(doc.dataSource);
  const copied: TemplateDoc = { ...doc, ...tags, dataSource };
  const existing = await findOwnTemplate(tx, account.id, row.id);
  if (existing === undefined) {
    const saved = { account: account.id, id: row.id, doc: copied, params, now: ctx.now() };
    await saveTemplate(tx, saved);
  } else if (JSON.stringify([existing.doc, existing.params]) !== JSON.stringify([copied, params])) {
    throw new ApiError(
      'ALREADY_EXISTS',
      `you have a template ${row.id} of your own with other content; delete it before you import this one`,
    );
  }
  const imported = await findOwnTemplate(tx, account.id, row.id);
  if (imported === undefined) throw new Error(`template ${row.id} was not saved`);
  return imported;
}
