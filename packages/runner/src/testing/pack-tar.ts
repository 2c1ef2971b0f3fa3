import { pack } from 'tar-stream';

/** A file's text, or its text and mode. */
export type TarFile = string | { text: string; mode: number };

/** A tar of these files, as the server keeps packages: sorted, times and owners zeroed. */
export async function packTar(files: Record<string, TarFile>): Promise<Buffer> {
  const tar = pack();
  const sorted = Object.entries(files).toSorted(([a], [b]) => (a < b ? -1 : 1));
  for (const [name, file] of sorted) {
    const { text, mode } = typeof file === 'string' ? { text: file, mode: 0o644 } : file;
    tar.entry({ name, mode, mtime: new Date(0) }, text);
  }
  tar.finalize();
  const parts: Buffer[] = [];
  for await (const part of tar) parts.push(part as Buffer);
  return Buffer.concat(parts);
}
