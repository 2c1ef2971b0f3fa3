import { createHash } from 'node:crypto';
import { encodeBundleEnd } from '@bytenite/contract';

export type Files = Record<string, string>;

const hashOf = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('base64url');

/** The bundle that a runner makes of result files, and its digest. */
export function bundleOf(files: Files): { bytes: Buffer; sha256: string } {
  const contents = Object.entries(files).map(([path, text]) => ({
    path,
    bytes: Buffer.from(text),
  }));
  const end = encodeBundleEnd(
    contents.map(({ path, bytes }) => ({ path, size: bytes.byteLength, sha256: hashOf(bytes) })),
  );
  const bytes = Buffer.concat([...contents.map((content) => content.bytes), end]);
  return { bytes, sha256: hashOf(bytes) };
}
