import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import path from 'node:path';
import { Readable } from 'node:stream';
import type { TransferOptions } from '../transfer.ts';
import { upload, type ReadableInput } from '../upload.ts';

/** A file as the input of an upload or of a job; read in parts, whatever its size. */
export async function fileInput(file: string): Promise<ReadableInput & { size: number }> {
  const { size } = await stat(file);
  return {
    name: path.basename(file),
    size,
    // No byte beyond the size that was promised, should the file be growing.
    // Itself, and not as a web stream: Node 20 makes one of it that holds thousands of parts.
    stream: () => (size === 0 ? Readable.from([]) : createReadStream(file, { end: size - 1 })),
  };
}

/** Puts a file to a link, from its first byte again when the connection breaks. */
export async function uploadFile(
  url: string,
  file: string,
  options: TransferOptions = {},
): Promise<void> {
  await upload(url, await fileInput(file), options);
}

/** Puts a stream to a link. One try: what was read from a stream cannot be read again. */
export async function uploadStream(
  url: string,
  stream: AsyncIterable<Uint8Array>,
  options: TransferOptions = {},
): Promise<void> {
  await upload(url, stream, options);
}
