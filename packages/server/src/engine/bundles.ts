/** Reading the bundles that results are stored as. */
import {
  BUNDLE_FOOTER_BYTES,
  bundleIndexLength,
  decodeBundle,
  decodeBundleIndex,
  INLINE_LIMIT,
  type BundleFile,
} from '@bytenite/contract';
import type { BlobStore } from '../blob/blob-store.ts';
import { readRanges, type Range } from './read-ranges.ts';

/** Files of one bundle; offsets are those of the object that holds it. */
export async function readBundle(blobs: BlobStore, bundle: Range): Promise<BundleFile[]> {
  const end = bundle.offset + bundle.length;
  const footer = await blobs.read(bundle.key, {
    offset: end - BUNDLE_FOOTER_BYTES,
    length: BUNDLE_FOOTER_BYTES,
  });
  const indexLength = bundleIndexLength(footer);
  const dataBytes = bundle.length - BUNDLE_FOOTER_BYTES - indexLength;
  const index = await blobs.read(bundle.key, {
    offset: bundle.offset + dataBytes,
    length: indexLength,
  });
  return shifted(decodeBundleIndex(index, dataBytes), bundle.offset);
}

/** Files of many bundles, in order; small ones that lie side by side are read together. */
export async function readBundles(
  blobs: BlobStore,
  bundles: readonly Range[],
): Promise<BundleFile[][]> {
  const small = bundles.filter((bundle) => bundle.length <= INLINE_LIMIT);
  const contents = await readRanges(blobs, small);
  const decoded = new Map(
    small.map((bundle, i) => [
      bundle,
      shifted(decodeBundle(contents[i] ?? new Uint8Array()), bundle.offset),
    ]),
  );
  const result: BundleFile[][] = [];
  for (const bundle of bundles)
    result.push(decoded.get(bundle) ?? (await readBundle(blobs, bundle)));
  return result;
}

function shifted(files: BundleFile[], by: number): BundleFile[] {
  return files.map((file) => ({ ...file, offset: file.offset + by }));
}
