import { mkdir, open, rename, rm, type FileHandle } from 'node:fs/promises';
import path from 'node:path';
import { ConnectionError } from '../errors.ts';
import type { IdleWatch } from '../wait.ts';
import {
  isPassing,
  pauseAfter,
  requireOk,
  transferOnce,
  TRIES,
  type TransferOptions,
} from '../transfer.ts';

/**
 * Gets a link into a file, which appears under its name only when it is complete. A broken download goes on
 * where it broke; the tries are counted anew whenever bytes arrived. Resolves to the file's size.
 */
export async function downloadFile(
  url: string,
  file: string,
  options: TransferOptions = {},
): Promise<number> {
  await mkdir(path.dirname(file), { recursive: true });
  const part = path.join(path.dirname(file), `.${path.basename(file)}.${process.pid}.part`);
  try {
    const size = await fillPart(url, part, options);
    await rename(part, file);
    return size;
  } finally {
    await rm(part, { force: true });
  }
}

interface Progress {
  bytes: number;
  total: number | undefined;
  /** Of the first answer: a resumed download must be of the same bytes. */
  etag: string | null;
}

async function fillPart(url: string, part: string, options: TransferOptions): Promise<number> {
  const progress: Progress = { bytes: 0, total: undefined, etag: null };
  await using handle = await open(part, 'w');
  for (let tries = 1; ; tries += 1) {
    const before = progress.bytes;
    let failure: unknown;
    try {
      await transferOnce(url, options, (idle) => receive(url, handle, progress, options, idle));
      return progress.bytes;
    } catch (error) {
      if (progress.bytes > before) tries = 1;
      if (tries >= TRIES || !isPassing(error)) throw error;
      failure = error;
    }
    await pauseAfter(tries, options, failure);
  }
}

async function receive(
  url: string,
  handle: FileHandle,
  progress: Progress,
  options: TransferOptions,
  idle: IdleWatch,
): Promise<void> {
  const response = await (options.fetch ?? fetch)(url, {
    headers: {
      // Compressed on the way, its length and ranges would not be the file's.
      'accept-encoding': 'identity',
      ...(progress.bytes > 0 && { range: `bytes=${progress.bytes}-` }),
      ...(progress.bytes > 0 && progress.etag !== null && { 'if-range': progress.etag }),
    },
    signal: idle.signal,
  });
  await requireOk('the download', response);
  const { origin } = new URL(url);
  if (!isRest(response, progress)) {
    progress.bytes = 0;
    if (response.status === 206) {
      throw new ConnectionError(
        origin,
        'unreachable',
        `${origin} sent another part than asked for`,
      );
    }
    progress.etag = strongTag(response);
    progress.total = numberOf(response.headers.get('content-length'));
    await handle.truncate(0);
  }
  for await (const chunk of response.body ?? []) {
    await writeAll(handle, chunk, progress.bytes);
    progress.bytes += chunk.byteLength;
    idle.touch();
    options.onProgress?.(progress.bytes, progress.total);
  }
  if (progress.total !== undefined && progress.bytes !== progress.total) {
    const message = `${origin} sent ${progress.bytes} of ${progress.total} bytes`;
    throw new ConnectionError(origin, 'unreachable', message);
  }
}

async function writeAll(handle: FileHandle, chunk: Uint8Array, position: number): Promise<void> {
  for (let done = 0; done < chunk.byteLength;) {
    const { bytesWritten } = await handle.write(chunk, done, undefined, position + done);
    done += bytesWritten;
  }
}

/** Whether the answer is the rest that was asked for; else it is the whole file again. */
function isRest(response: Response, progress: Progress): boolean {
  if (response.status !== 206) return false;
  const start = /^bytes (\d+)-/.exec(response.headers.get('content-range') ?? '')?.[1];
  return progress.bytes > 0 && Number(start) === progress.bytes;
}

function strongTag(response: Response): string | null {
  const etag = response.headers.get('etag');
  return etag?.startsWith('"') ? etag : null;
}

function numberOf(text: string | null): number | undefined {
  return text === null || !/^\d+$/.test(text) ? undefined : Number(text);
}
