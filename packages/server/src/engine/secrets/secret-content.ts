import type { Context } from '../../context.ts';
import type { SecretRow } from '../../store/tables.ts';

/** What of a secret is encrypted. */
export interface SecretContent {
  accessKey: string;
  secretKey: string;
  /** Source text of an object whose values are texts. */
  params: string;
}

export async function sealContent(
  ctx: Context,
  account: string,
  id: string,
  content: SecretContent,
): Promise<string> {
  return ctx.vault.seal(account, purposeOf(id), JSON.stringify(content));
}

export async function openContent(
  ctx: Context,
  { account, id, sealed }: SecretRow,
): Promise<SecretContent> {
  return JSON.parse(await ctx.vault.open(account, purposeOf(id), sealed)) as SecretContent;
}

/** A row that was copied under another id does not open. */
function purposeOf(id: string): string {
  return `secret ${id}`;
}
