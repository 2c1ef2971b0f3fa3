/**
 * Bytes from one stream to another, at the pace of the slower. The streams of tars are no streams of Node's
 * own, and its pipeline() has been seen to wait for their end for ever.
 */
import type { Writable } from 'node:stream';

/** Writes all of a source, without ending the sink. Rejects when the sink fails or closes before. */
export async function pump(
  source: AsyncIterable<Buffer | Uint8Array>,
  /** One of Node's, or of a tar's. */
  to: object,
  onBytes: (chunk: Buffer) => void = () => undefined,
): Promise<void> {
  const sink = to as Writable;
  let failure: Error | undefined;
  const fail = (error?: Error) => {
    failure ??= error ?? new Error('the stream was closed');
  };
  sink.on('error', fail);
  sink.on('close', fail);
  try {
    for await (const part of source) {
      if (failure !== undefined) throw failure;
      const chunk = Buffer.from(part.buffer, part.byteOffset, part.byteLength);
      onBytes(chunk);
      if (!sink.write(chunk) && failure === undefined) await drained(sink);
    }
    if (failure !== undefined) throw failure;
  } finally {
    sink.off('error', fail);
    sink.off('close', fail);
  }
}

/** Waits until the sink takes more, or never will; leaves no listener behind, one waits for every chunk. */
function drained(sink: Writable): Promise<void> {
  const events = ['drain', 'close', 'error'] as const;
  return new Promise((resolve) => {
    const settle = () => {
      for (const event of events) sink.off(event, settle);
      resolve();
    };
    for (const event of events) sink.on(event, settle);
  });
}

/** Rejects, and ends what is given, when the signal aborts before the work has ended. */
export async function abortable<T>(
  signal: AbortSignal,
  end: (error: Error) => void,
  work: Promise<T>,
): Promise<T> {
  const abort = () => end(new Error('stopped'));
  signal.addEventListener('abort', abort);
  if (signal.aborted) abort();
  try {
    return await work;
  } finally {
    signal.removeEventListener('abort', abort);
  }
}
