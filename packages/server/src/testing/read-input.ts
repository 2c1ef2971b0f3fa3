import { createHash } from 'node:crypto';
import { BundleEntry } from '@bytenite/contract';
import type { Context } from '../context.ts';
import { openInput } from '../engine/exchange/lease-data.ts';
import type { Files } from './bundle-of.ts';

/** The input of a lease as its runner gets it; throws where the stream is cut or a digest is wrong. */
export async function readInput(ctx: Context, lease: string): Promise<Files> {
  const parts: Uint8Array[] = [];
  for await (const part of await openInput(ctx, lease, new AbortController().signal))
    parts.push(part);
  const bytes = Buffer.concat(parts);
  const files: Files = {};
  for (let at = 0; ;) {
    const lineEnd = bytes.indexOf('\n', at);
    if (lineEnd < 0) throw new Error('the input stream is cut');
    const line: unknown = JSON.parse(bytes.subarray(at, lineEnd).toString());
    if (typeof line === 'object' && line !== null && 'end' in line) {
      if (lineEnd + 1 !== bytes.byteLength) throw new Error('bytes after the end of the input');
      return files;
    }
    const { path, size, sha256 } = BundleEntry.parse(line);
    const content = bytes.subarray(lineEnd + 1, lineEnd + 1 + size);
    const digest = createHash('sha256').update(content).digest('base64url');
    if (content.byteLength !== size) throw new Error(`${path} is cut`);
    if (sha256 !== '' && sha256 !== digest) throw new Error(`${path} has another digest`);
    if (path in files) throw new Error(`${path} comes twice`);
    files[path] = content.toString();
    at = lineEnd + 1 + size;
  }
}
