import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { Busboy, type BusboyFileStream } from '@fastify/busboy';
import { ApiError, invalid } from '@bytenite/contract';
import { safeName } from './content-disposition.ts';

export interface UploadedPart {
  name: string;
  /** Ends when the whole body has ended well, so that a second part is noticed. */
  body: AsyncIterable<Uint8Array>;
}

const MAX_HEADER_BYTES = 16 * 1024;

export function isMultipart(contentType: string | undefined): contentType is string {
  return /^\s*multipart\/form-data\s*;/i.test(contentType ?? '');
}

/** The only part of a multipart body, as it arrives; what else the form says is left out. */
export async function readOnlyPart(
  contentType: string,
  body: AsyncIterable<Uint8Array>,
): Promise<UploadedPart> {
  const parser = createParser(contentType);
  const stop = new AbortController();
  const first = new Promise<UploadedPart>((resolve) => {
    let isFirst = true;
    parser.on('file', (_field, stream, fileName) => {
      // Broken bodies emit an error on the part, also when nobody reads it.
      stream.on('error', () => undefined);
      if (!isFirst) {
        parser.destroy(invalid('multipart body has more than one part'));
        return;
      }
      isFirst = false;
      parsed.catch((error: unknown) => stream.destroy(error as Error));
      resolve({ name: safeName(fileName ?? ''), body: partBody(stream, parsed, stop) });
    });
  });
  const parsed = pipeline(Readable.from(body), parser, { signal: stop.signal }).catch(
    (error: unknown) => {
      throw explain(error);
    },
  );
  const nothing = parsed.then(() => {
    throw invalid('multipart body has no part');
  });
  return Promise.race([first, nothing]);
}

async function* partBody(
  stream: BusboyFileStream,
  parsed: Promise<void>,
  stop: AbortController,
): AsyncGenerator<Uint8Array> {
  try {
    yield* stream as AsyncIterable<Uint8Array>;
    await parsed;
  } catch (error) {
    throw explain(error);
  } finally {
    stop.abort();
  }
}

function createParser(contentType: string) {
  try {
    return new Busboy({
      headers: { 'content-type': contentType },
      isPartAFile: () => true,
      limits: { headerSize: MAX_HEADER_BYTES },
    });
  } catch (error) {
    throw explain(error);
  }
}

function explain(error: unknown): Error {
  if (error instanceof ApiError) return error;
  const message = error instanceof Error ? error.message : String(error);
  return new ApiError('INVALID_ARGUMENT', `multipart body is broken: ${message}`, { cause: error });
}
