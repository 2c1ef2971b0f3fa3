/**
 * A bundle holds the files of one result: `bytes of all files | index | u32 index length | magic`.
 * The index is one JSON line a file, in the order of the bytes. It comes last, so that a writer
 * hashes and sends each file in one pass; a reader starts at the footer and then reads any file by range.
 */
import { z } from 'zod';

export const BundleEntry = z.object({
  /** Relative path, `/` between segments. */
  path: z.string().min(1),
  size: z.int().nonnegative(),
  /** Base64url SHA-256 of the file's bytes. */
  sha256: z.string(),
});
export type BundleEntry = z.infer<typeof BundleEntry>;

/** A file of a bundle with its place, relative to the bundle's first byte. */
export type BundleFile = BundleEntry & { offset: number };

export const BUNDLE_FOOTER_BYTES = 8;
const MAGIC = 0x424e4231; // "BNB1"

const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { fatal: true });

/** The index and footer that end a bundle whose files were written in this order. */
export function encodeBundleEnd(entries: readonly BundleEntry[]): Uint8Array {
  const lines = entries.map(
    (e) => `${JSON.stringify({ path: e.path, size: e.size, sha256: e.sha256 })}\n`,
  );
  const index = encoder.encode(lines.join(''));
  const end = new Uint8Array(index.byteLength + BUNDLE_FOOTER_BYTES);
  end.set(index);
  const view = new DataView(end.buffer, index.byteLength);
  view.setUint32(0, index.byteLength);
  view.setUint32(4, MAGIC);
  return end;
}

/** Length of the index, from the last bytes of a bundle; throws RangeError when it is no bundle. */
export function bundleIndexLength(footer: Uint8Array): number {
  const view = new DataView(footer.buffer, footer.byteOffset, footer.byteLength);
  if (footer.byteLength !== BUNDLE_FOOTER_BYTES || view.getUint32(4) !== MAGIC) {
    throw new RangeError('not a bundle: its last bytes are no footer');
  }
  return view.getUint32(0);
}

/** Reads an index; throws when it does not describe exactly `dataBytes` bytes of files. */
export function decodeBundleIndex(index: Uint8Array, dataBytes: number): BundleFile[] {
  const files: BundleFile[] = [];
  let offset = 0;
  for (const line of decoder.decode(index).split('\n')) {
    if (line === '') continue;
    const entry = BundleEntry.parse(JSON.parse(line));
    files.push({ ...entry, offset });
    offset += entry.size;
  }
  if (offset !== dataBytes) throw new RangeError('bundle index does not match its bytes');
  return files;
}

/** Reads the index of a bundle that is wholly in memory. */
export function decodeBundle(bundle: Uint8Array): BundleFile[] {
  const indexLength = bundleIndexLength(bundle.subarray(-BUNDLE_FOOTER_BYTES));
  const dataBytes = bundle.byteLength - BUNDLE_FOOTER_BYTES - indexLength;
  if (dataBytes < 0) throw new RangeError('bundle is cut');
  return decodeBundleIndex(bundle.subarray(dataBytes, dataBytes + indexLength), dataBytes);
}
