import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { Readable } from 'node:stream';
import type { IdleWatch } from '../wait.ts';
import {
  isPassing,
  pauseAfter,
  requireOk,
  transferOnce,
  TRIES,
  type TransferOptions,
} from './transfer.ts';

/** Puts a file to a link, from its first byte again when the connection breaks. */
export async function uploadFile(
  url: string,
  file: string,
  options: TransferOptions = {},
): Promise<void> {
  const { size } = await stat(file);
  for (let tries = 1; ; tries += 1) {
    try {
      // No byte beyond the size that was promised, should the file be growing.
      const bytes = size === 0 ? Readable.from([]) : createReadStream(file, { end: size - 1 });
      await put(url, bytes, size, options);
      return;
    } catch (error) {
      if (tries >= TRIES || !isPassing(error)) throw error;
    }
    await pauseAfter(tries, options);
  }
}

/** Puts a stream to a link. One try: what was read from a stream cannot be read again. */
export async function uploadStream(
  url: string,
  stream: Readable,
  options: TransferOptions = {},
): Promise<void> {
  await put(url, stream, undefined, options);
}

async function put(
  url: string,
  stream: Readable,
  size: number | undefined,
  options: TransferOptions,
): Promise<void> {
  await transferOnce(url, options, async (idle) => {
    const response = await (options.fetch ?? fetch)(url, {
      method: 'PUT',
      headers: {
        'content-type': 'application/octet-stream',
        'content-disposition': 'attachment',
        ...(size !== undefined && { 'content-length': String(size) }),
      },
      body: Readable.toWeb(Readable.from(counted(stream, size, options, idle))),
      duplex: 'half',
      signal: idle.signal,
    });
    await requireOk('the upload', response);
    await response.body?.cancel();
  });
}

async function* counted(
  stream: Readable,
  size: number | undefined,
  options: TransferOptions,
  idle: IdleWatch,
): AsyncGenerator<Uint8Array> {
  let bytes = 0;
  for await (const chunk of stream as AsyncIterable<Uint8Array>) {
    yield chunk;
    // Reached when the next chunk is asked for: this one is on its way.
    bytes += chunk.byteLength;
    idle.touch();
    options.onProgress?.(bytes, size);
  }
}
