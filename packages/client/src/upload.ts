/** Bytes put to a link, from whatever holds them. */
import { requireOk, transferOnce, withTries, type TransferOptions } from './transfer.ts';

/**
 * What can be read anew for another try: a Blob or a browser's File, and `fileInput(path)` of
 * `@bytenite/client/node`.
 */
export interface ReadableInput {
  /** Of the source, as components see it. */
  name?: string;
  size?: number;
  stream: () => ReadableStream<Uint8Array> | AsyncIterable<Uint8Array>;
}

/** Streams and iterables are read once: an upload of theirs that breaks is not repeated. */
export type UploadInput =
  | string
  | Uint8Array<ArrayBuffer>
  | ReadableInput
  | ReadableStream<Uint8Array>
  | AsyncIterable<Uint8Array>;

/** Puts bytes to a link; repeats it from the first byte when the connection breaks and the input allows it. */
export async function upload(
  url: string,
  input: UploadInput,
  options: TransferOptions = {},
): Promise<void> {
  const source = openInput(input);
  const put = () => putOnce(url, source, options);
  await (source.isRepeatable ? withTries(options, put) : put());
}

/** The name that an input brings with it, if any. */
export function nameOf(input: UploadInput): string | undefined {
  const { name } = input as { name?: unknown };
  return typeof name === 'string' && name !== '' ? name : undefined;
}

interface Source {
  size: number | undefined;
  isRepeatable: boolean;
  /** Whole bodies know their length; of streams the idle watch sees each part. */
  body: () => Blob | AsyncIterable<Uint8Array>;
}

function openInput(input: UploadInput): Source {
  if (typeof input === 'string') return openInput(new Blob([input]));
  if (input instanceof Uint8Array) return openInput(new Blob([input]));
  if (input instanceof Blob) return { size: input.size, isRepeatable: true, body: () => input };
  if ('stream' in input) {
    return { size: input.size, isRepeatable: true, body: () => iterated(input.stream()) };
  }
  const parts = iterated(input);
  return { size: undefined, isRepeatable: false, body: () => parts };
}

/** A body given as a whole shows no progress, so it is given the time that this rate takes. */
const SLOWEST_BYTES_PER_MS = 16;
const IDLE_MS = 60_000;

/**
 * A stream cannot be sent again, so there is nothing to follow a redirect with; told so in these words, fetch in
 * Node keeps no copy of all that it has sent.
 */
const STREAMED = { duplex: 'half', redirect: 'error', window: null } as const;

async function putOnce(url: string, source: Source, options: TransferOptions): Promise<void> {
  const body = source.body();
  const isStream = !(body instanceof Blob);
  const wholeMs = (options.idleMs ?? IDLE_MS) + (source.size ?? 0) / SLOWEST_BYTES_PER_MS;
  const limits = isStream ? options : { ...options, idleMs: wholeMs };
  await transferOnce(url, limits, async (idle) => {
    const moved = (bytes: number) => {
      idle.touch();
      options.onProgress?.(bytes, source.size);
    };
    const response = await (options.fetch ?? fetch)(url, {
      method: 'PUT',
      headers: {
        'content-type': 'application/octet-stream',
        'content-disposition': 'attachment',
        ...(isStream && source.size !== undefined && { 'content-length': String(source.size) }),
      },
      body: isStream ? streamOf(body, moved) : body,
      ...(isStream && STREAMED),
      signal: idle.signal,
    });
    await requireOk('the upload', response);
    await response.body?.cancel();
    if (!isStream) moved(source.size ?? 0);
  });
}

/** Parts as fetch takes them: the next is asked for when the last is on its way. */
function streamOf(
  parts: AsyncIterable<Uint8Array>,
  moved: (bytes: number) => void,
): ReadableStream<Uint8Array> {
  const iterator = parts[Symbol.asyncIterator]();
  let bytes = 0;
  let last = 0;
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        if (last > 0) moved((bytes += last));
        const { done, value } = await iterator.next();
        if (done) return controller.close();
        last = value.byteLength;
        controller.enqueue(value);
      },
      async cancel() {
        await iterator.return?.();
      },
    },
    { highWaterMark: 0 },
  );
}

function iterated(
  input: ReadableStream<Uint8Array> | AsyncIterable<Uint8Array>,
): AsyncIterable<Uint8Array> {
  return input instanceof ReadableStream ? partsOf(input) : input;
}

/** Not every browser lets a stream be iterated. */
async function* partsOf(stream: ReadableStream<Uint8Array>): AsyncGenerator<Uint8Array> {
  const reader = stream.getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      yield value;
    }
  } finally {
    // Also where the upload ends early: what is behind the stream is let go of.
    await reader.cancel().catch(() => undefined);
  }
}
