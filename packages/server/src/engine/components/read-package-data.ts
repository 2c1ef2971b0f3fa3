import type { Context } from '../../context.ts';
import type { ComponentRecord } from '../../store/components.ts';

/**
 * The package itself as base64, for replies that carry it. Unpacked a package may be ten times what can
 * be pushed, and no text can be that long: then it is `""`, and the link beside it serves it.
 */
export async function readPackageData(
  ctx: Context,
  { revision }: ComponentRecord,
): Promise<string> {
  if (revision.size_bytes > ctx.config.limits.packageBytes) return '';
  const range = { offset: 0, length: revision.size_bytes };
  return (await ctx.blobs.read(revision.blob_key, range)).toString('base64');
}
