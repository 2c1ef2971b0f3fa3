import { invalid, notFound } from '@bytenite/contract';
import type { Context } from '../../context.ts';
import { isPassthrough } from '../../domain/job-doc.ts';
import { parseTag } from '../../domain/tags.ts';
import { deleteComponent as deleteRow } from '../../store/components.ts';
import type { Account } from '../auth/account.ts';
import { findOwnComponent, type Family } from './get-component.ts';

/**
 * Deletes one version with all its revisions. Jobs that pinned one keep it: its package goes when the
 * last of them can run no more.
 */
export async function deleteComponent(
  ctx: Context,
  account: Account,
  family: Family,
  tag: string,
): Promise<void> {
  const { component } = await findOwnComponent(ctx, account, family, tag);
  if (component.id !== tag) checkExact(tag);
  if (!(await deleteRow(ctx.store.db, component.id, ctx.now()))) throw notFound(family);
}

/** A tag that would name another version tomorrow is too little to delete by. */
function checkExact(text: string): void {
  const tag = parseTag(text);
  if (tag === null || isPassthrough(text)) return;
  const description =
    tag.revision !== null
      ? 'names one revision, and only whole versions can be deleted'
      : tag.minor === null
        ? `must be an exact version, such as ${tag.name}@1.2, or an id`
        : null;
  if (description === null) return;
  throw invalid(`tag ${text} ${description}`, [{ field: 'tag', description }]);
}
