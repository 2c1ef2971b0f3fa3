import { ENGINE_TYPES, notFound, type ComponentType } from '@bytenite/contract';
import type { Context } from '../../context.ts';
import { parseTag } from '../../domain/tags.ts';
import { findComponentById, typesOfName, type ComponentRecord } from '../../store/components.ts';
import type { Account } from '../auth/account.ts';
import { viewComponent, type ComponentView } from './component-view.ts';
import { resolveTag } from './resolve-tag.ts';

export type Family = 'app' | 'engine';

/** A component of the caller by tag or id, with its newest revision or the one that the tag names. */
export async function getComponent(
  ctx: Context,
  account: Account,
  family: Family,
  tag: string,
): Promise<ComponentView> {
  return viewComponent(ctx, await findComponent(ctx, account, family, tag));
}

export async function findComponent(
  ctx: Context,
  account: Account,
  family: Family,
  tag: string,
): Promise<ComponentRecord> {
  const record =
    family === 'engine'
      ? await look(ctx, account, ENGINE_TYPES, tag)
      : ((await look(ctx, account, ['app'], tag)) ??
        // The apps' paths find engines too, as long as no app has the name.
        ((await isAppName(ctx, account, tag))
          ? null
          : await look(ctx, account, ENGINE_TYPES, tag)));
  if (record === null) throw notFound(family);
  return record;
}

async function look(
  ctx: Context,
  account: Account,
  types: readonly ComponentType[],
  tag: string,
): Promise<ComponentRecord | null> {
  const { db } = ctx.store;
  return (
    (await resolveTag(db, { account: account.id, types, tag, active: false })) ??
    (await findComponentById(db, account.id, types, tag)) ??
    null
  );
}

async function isAppName(ctx: Context, account: Account, tag: string): Promise<boolean> {
  const name = parseTag(tag)?.name;
  if (name === undefined) return false;
  const types = await typesOfName(ctx.store.db, { account: account.id, family: 'app', name });
  return types.length > 0;
}
