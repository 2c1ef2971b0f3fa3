import type { SecretGrant } from '@bytenite/contract';
import type { Context } from '../../context.ts';
import { findSecrets } from '../../store/secrets.ts';
import type { SecretRow } from '../../store/tables.ts';
import { openContent } from './secret-content.ts';

export interface UsableSecrets {
  rows: SecretRow[];
  /** The first id that there is no secret for, or one that has expired. */
  missing: string | null;
}

export async function findUsableSecrets(
  ctx: Context,
  account: string,
  ids: readonly string[],
): Promise<UsableSecrets> {
  const now = ctx.now();
  const usable = (await findSecrets(ctx.store.db, account, ids)).filter(
    ({ expires_at: end }) => end === null || end > now,
  );
  const byId = new Map(usable.map((row) => [row.id, row]));
  const rows = [...new Set(ids)].flatMap((id) => byId.get(id) ?? []);
  return { rows, missing: ids.find((id) => !byId.has(id)) ?? null };
}

/** Secrets as a task is given them, in the order of its manifest. */
export async function grantSecrets(
  ctx: Context,
  rows: readonly SecretRow[],
): Promise<SecretGrant[]> {
  return Promise.all(
    rows.map(async (row) => {
      const { accessKey, secretKey, params } = await openContent(ctx, row);
      return {
        id: row.id,
        secretType: row.type,
        name: row.name,
        accessKey,
        secretKey,
        expiresAt: row.expires_at === null ? null : new Date(row.expires_at).toISOString(),
        params: JSON.parse(params) as Record<string, string>,
      };
    }),
  );
}
