import { createHash } from 'node:crypto';

import { pack } from 'tar-stream';

import type { PackageFiles } from './package-file.ts';

export interface CanonicalTar {
  tar: Buffer;
  /** SHA-256 of the tar as standard base64. */
  hash: string;
}

/**
 * Writes files as the one tar that stands for this content: sorted by bytes, no times, no owners, no
 * folders, so that equal files have an equal hash. Stored hashes rely on every byte of it.
 */
export async function writeCanonicalTar(files: Readonly<PackageFiles>): Promise<CanonicalTar> {
  const names = [...files.keys()].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
  const packer = pack();
  for (const name of names) {
    const file = files.get(name);
    if (file === undefined) continue;
    const { mode, content } = file;
    packer.entry(
      { name, mode, size: content.byteLength, mtime: new Date(0), type: 'file', uid: 0, gid: 0 },
      content,
    );
  }
  packer.finalize();

  const parts: Buffer[] = [];
  for await (const part of packer) parts.push(part as Buffer);
  const tar = Buffer.concat(parts);
  return { tar, hash: createHash('sha256').update(tar).digest('base64') };
}
