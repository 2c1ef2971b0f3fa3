import { notFound } from '@bytenite/contract';
import type { Context } from '../../context.ts';
import { setTemplatePublic } from '../../store/templates.ts';
import type { Account } from '../auth/account.ts';

/** Lets all accounts run jobs with a template, and so the components that its tags name. */
export async function publishTemplate(ctx: Context, account: Account, id: string): Promise<void> {
  await share(ctx, account, id, true);
}

/** Keeps other accounts from starting more jobs with it. */
export async function unpublishTemplate(ctx: Context, account: Account, id: string): Promise<void> {
  await share(ctx, account, id, false);
}

async function share(ctx: Context, account: Account, id: string, isPublic: boolean): Promise<void> {
  const isDone = await setTemplatePublic(ctx.store.db, { account: account.id, id }, isPublic);
  if (!isDone) throw notFound('template');
}
