/** Reading the bundles that results are stored as. */
import { hash } from 'node:crypto';
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

export interface StoredBundle extends Range {
  /** Base64url SHA-256 of the bundle, as its commit recorded it. */
  sha256: string;
}

/**
 * Files of many bundles, in order; small ones that lie side by side are read together and checked against
 * their digest. The files of large ones are checked one by one by whoever reads them.
 */
export async function readBundles(
  blobs: BlobStore,
  bundles: readonly StoredBundle[],
): Promise<BundleFile[][]> {
  const small = bundles.filter((bundle) => bundle.length <= INLINE_LIMIT);
  const contents = await readRanges(blobs, small);
  const decoded = new Map(
    small.map((bundle, i) => [
      bundle,
      shifted(decodeBundle(checked(bundle, contents[i] ?? new Uint8Array())), bundle.offset),
    ]),
  );
  const result: BundleFile[][] = [];
  for (const bundle of bundles)
    result.push(decoded.get(bundle) ?? (await readBundle(blobs, bundle)));
  return result;
}

function checked(bundle: StoredBundle, bytes: Uint8Array): Uint8Array {
  if (hash('sha256', bytes, 'base64url') === bundle.sha256) return bytes;
  throw new Error(
    `the result at ${bundle.offset} of ${bundle.key} is damaged: its SHA-256 differs`,
  );
}

function shifted(files: BundleFile[], by: number): BundleFile[] {
  return files.map((file) => ({ ...file, offset: file.offset + by }));
}
