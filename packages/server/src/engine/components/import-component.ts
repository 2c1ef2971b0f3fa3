import { notFound, type ComponentType } from '@bytenite/contract';
import type { Context } from '../../context.ts';
import { parseTag } from '../../domain/tags.ts';
import { findComponentById, findRevision, type ComponentRecord } from '../../store/components.ts';
import { ownersOfPublicComponents } from '../../store/public-owners.ts';
import type { Account } from '../auth/account.ts';
import { chooseOwner } from '../choose-owner.ts';
import { viewComponent, type ComponentView } from './component-view.ts';
import { copyPackage, saveCopy } from './copy-component.ts';
import { typesBelow, type Family } from './get-component.ts';

/** Copies what another account made public: its newest revision, or the one that the tag names. */
export async function importComponent(
  ctx: Context,
  account: Account,
  family: Family,
  named: { tag: string; owner: string | undefined },
): Promise<ComponentView> {
  const copy = await copyPackage(ctx, await findPublic(ctx, account, family, named));
  const record = await ctx.store.transact((tx) => saveCopy(ctx, tx, account, copy));
  return viewComponent(ctx, record);
}

async function findPublic(
  ctx: Context,
  account: Account,
  family: Family,
  { tag, owner }: { tag: string; owner: string | undefined },
): Promise<ComponentRecord> {
  for (const types of typesBelow(family)) {
    const record =
      (await findPublicByTag(ctx, account, types, { tag, owner })) ??
      (await findPublicById(ctx, account, types, tag));
    if (record !== undefined) return record;
  }
  throw notFound(`public ${family}`);
}

async function findPublicByTag(
  ctx: Context,
  account: Account,
  types: readonly ComponentType[],
  { tag: text, owner }: { tag: string; owner: string | undefined },
): Promise<ComponentRecord | undefined> {
  const tag = parseTag(text);
  if (tag === null) return undefined;
  const { db } = ctx.store;
  const owners = await ownersOfPublicComponents(db, { types, ...tag, owner, except: account.id });
  const chosen = chooseOwner(owners, owner, text);
  if (chosen === null) return undefined;
  return findRevision(db, { account: chosen, types, ...tag, active: false, onlyPublic: true });
}

async function findPublicById(
  ctx: Context,
  account: Account,
  types: readonly ComponentType[],
  id: string,
): Promise<ComponentRecord | undefined> {
  const query = { account: account.id, types, id, orPublic: true };
  const record = await findComponentById(ctx.store.db, query);
  return record?.component.account === account.id ? undefined : record;
}
