import type { Context } from '../../context.ts';
import { setStatus } from '../../store/components.ts';
import type { Account } from '../auth/account.ts';
import { viewComponent, type ComponentView } from './component-view.ts';
import { findOwnComponent, type Family } from './get-component.ts';

/** Lets jobs use a component: its newest revision, or the one that the tag names. */
export async function activateComponent(
  ctx: Context,
  account: Account,
  family: Family,
  tag: string,
): Promise<ComponentView> {
  const { component, revision } = await findOwnComponent(ctx, account, family, tag);
  await setStatus(ctx.store.db, component.id, { activate: revision.revision });
  return viewComponent(ctx, { component, revision: { ...revision, status: 'active' } });
}

/** Keeps jobs from using any revision of the version. */
export async function deactivateComponent(
  ctx: Context,
  account: Account,
  family: Family,
  tag: string,
): Promise<ComponentView> {
  const { component, revision } = await findOwnComponent(ctx, account, family, tag);
  await setStatus(ctx.store.db, component.id, 'deactivate');
  return viewComponent(ctx, { component, revision: { ...revision, status: 'inactive' } });
}
