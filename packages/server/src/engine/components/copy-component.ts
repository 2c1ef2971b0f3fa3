import type { Context } from '../../context.ts';
import { manifestOf, type ComponentRecord } from '../../store/components.ts';
import type { Tx } from '../../store/store.ts';
import type { Account } from '../auth/account.ts';
import { saveRevision, storePackage, type StoredPackage } from './save-revision.ts';

/** A revision of another account, and a package of our own with its content. */
export interface Copy {
  source: ComponentRecord;
  stored: StoredPackage;
}

export async function copyPackage(ctx: Context, source: ComponentRecord): Promise<Copy> {
  const { blob_key: key, size_bytes: size } = source.revision;
  return { source, stored: await storePackage(ctx, size, () => ctx.blobs.stream(key)) };
}

/** Makes the copy a revision of the account's own. The owner's registry token stays the owner's. */
export async function saveCopy(
  ctx: Context,
  tx: Tx,
  account: Account,
  { source: { component, revision }, stored }: Copy,
): Promise<ComponentRecord> {
  const copied = {
    manifest: manifestOf(revision),
    schema: revision.schema,
    hash: revision.hash,
    sizeBytes: revision.size_bytes,
    token: null,
    origin: component.id,
    firstStatus: revision.status,
  };
  return saveRevision(ctx, tx, account, copied, stored);
}
