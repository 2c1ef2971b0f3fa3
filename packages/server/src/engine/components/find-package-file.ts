import { notFound } from '@bytenite/contract';
import type { Context } from '../../context.ts';
import { findRevisionById } from '../../store/components.ts';
import { formatTag } from '../../domain/tags.ts';

export interface PackageFile {
  key: string;
  offset: number;
  length: number;
  name: string;
}

/** The package behind a signed link; gone with its component. */
export async function findPackageFile(
  ctx: Context,
  component: string,
  revision: number,
): Promise<PackageFile> {
  const record = await findRevisionById(ctx.store.db, component, revision);
  if (record === undefined) throw notFound('package');
  return {
    key: record.revision.blob_key,
    offset: 0,
    length: record.revision.size_bytes,
    name: `${formatTag(record.component)}.tar`,
  };
}
