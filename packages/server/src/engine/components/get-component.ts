import { ENGINE_TYPES, notFound, type ComponentType } from '@bytenite/contract';
import type { Context } from '../../context.ts';
import { parseTag } from '../../domain/tags.ts';
import { findComponentById, typesOfName, type ComponentRecord } from '../../store/components.ts';
import type { Account } from '../auth/account.ts';
import { viewComponent, type ComponentView } from './component-view.ts';
import { resolveTag } from './resolve-tag.ts';

export type Family = 'app' | 'engine';

/** A component as callers name it: by tag or id, below the paths of apps or of engines. */
interface Named {
  family: Family;
  tag: string;
  /** Whether an id also names what others made public; a tag is always the caller's own. */
  orPublic: boolean;
}

/** A component of the caller, or a public one by its id, with its newest revision or the one that the tag names. */
export async function getComponent(
  ctx: Context,
  account: Account,
  family: Family,
  tag: string,
): Promise<ComponentView> {
  return viewComponent(ctx, await find(ctx, account, { family, tag, orPublic: true }));
}

/** A component that is the caller's to change. */
export async function findOwnComponent(
  ctx: Context,
  account: Account,
  family: Family,
  tag: string,
): Promise<ComponentRecord> {
  return find(ctx, account, { family, tag, orPublic: false });
}

async function find(ctx: Context, account: Account, named: Named): Promise<ComponentRecord> {
  for (const types of typesBelow(named.family)) {
    const record = await look(ctx, account, types, named);
    if (record !== null) return record;
    // The apps' paths find engines too, as long as no app has the name.
    if (await isAppName(ctx, account, named.tag)) break;
  }
  throw notFound(named.family);
}

/** What is looked for below the paths of a family, one after the other. */
export function typesBelow(family: Family): (readonly ComponentType[])[] {
  return family === 'engine' ? [ENGINE_TYPES] : [['app'], ENGINE_TYPES];
}

async function look(
  ctx: Context,
  account: Account,
  types: readonly ComponentType[],
  { tag, orPublic }: Named,
): Promise<ComponentRecord | null> {
  const { db } = ctx.store;
  return (
    (await resolveTag(db, { account: account.id, types, tag, active: false })) ??
    (await findComponentById(db, { account: account.id, types, id: tag, orPublic })) ??
    null
  );
}

async function isAppName(ctx: Context, account: Account, tag: string): Promise<boolean> {
  const name = parseTag(tag)?.name;
  if (name === undefined) return false;
  const types = await typesOfName(ctx.store.db, { account: account.id, family: 'app', name });
  return types.length > 0;
}
