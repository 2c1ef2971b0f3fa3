import { notFound } from '@bytenite/contract';
import type { Context } from '../../context.ts';
import { formatVersion, parseTag } from '../../domain/tags.ts';
import type { Account } from '../auth/account.ts';
import type { ComponentView } from './component-view.ts';
import { getComponent } from './get-component.ts';

/** The app of the caller that a tag or an id names, in the version asked for. */
export async function getSchemaOwner(
  ctx: Context,
  account: Account,
  id: string,
  version: string,
): Promise<ComponentView> {
  const view = await getComponent(ctx, account, 'app', id);
  if (version === '') return view;
  if (view.component.id !== id) {
    return getComponent(ctx, account, 'app', `${parseTag(id)?.name}@${version}`);
  }
  // An id stands for one version.
  if (formatVersion(view.component) !== version.replace(/^v/, '')) throw notFound('app');
  return view;
}
