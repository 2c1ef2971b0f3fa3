import type { Context } from '../../context.ts';
import { setPublic } from '../../store/components.ts';
import type { Account } from '../auth/account.ts';
import { findOwnComponent, type Family } from './get-component.ts';

/** Lets all accounts see a version, fetch its package and import it. */
export async function publishComponent(
  ctx: Context,
  account: Account,
  family: Family,
  tag: string,
): Promise<void> {
  const { component } = await findOwnComponent(ctx, account, family, tag);
  await setPublic(ctx.store.db, component.id, true);
}

/** Keeps a version from other accounts; what they imported stays theirs. */
export async function unpublishComponent(
  ctx: Context,
  account: Account,
  family: Family,
  tag: string,
): Promise<void> {
  const { component } = await findOwnComponent(ctx, account, family, tag);
  await setPublic(ctx.store.db, component.id, false);
}
