/** A link's bytes as a stream. */
import { ConnectionError } from './errors.ts';
import { requireOk, transferOnce, withTries, type TransferOptions } from './transfer.ts';
import { connectionError } from './transport.ts';
import { watchIdle, type IdleWatch } from './wait.ts';

const IDLE_MS = 60_000;

export interface Download {
  /** Undefined where the platform does not say. */
  size: number | undefined;
  /** Fails when the connection breaks or nothing arrives any more; cancelling it ends the transfer. */
  stream: ReadableStream<Uint8Array>;
}

/** Opens a link; what fails before the first byte is repeated. Files are better got with `downloadFile`, which goes on. */
export async function download(url: string, options: TransferOptions = {}): Promise<Download> {
  const ended = new AbortController();
  const signal = AbortSignal.any([ended.signal, ...(options.signal ? [options.signal] : [])]);
  const response = await withTries(options, () =>
    transferOnce(url, options, async (idle) => {
      // The watch ends with the head of the answer; the signal has to outlive it.
      const stop = () => ended.abort(idle.signal.reason);
      idle.signal.addEventListener('abort', stop, { once: true });
      const answer = await (options.fetch ?? fetch)(url, { signal });
      idle.signal.removeEventListener('abort', stop);
      await requireOk('the download', answer);
      return answer;
    }),
  );
  const length = response.headers.get('content-length');
  const size = length === null ? undefined : Number(length);
  const { origin } = new URL(url);
  return { size, stream: watched(origin, response, ended, { ...options, size }) };
}

function watched(
  origin: string,
  response: Response,
  ended: AbortController,
  options: TransferOptions & { size: number | undefined },
): ReadableStream<Uint8Array> {
  const reader = response.body?.getReader();
  const idleMs = options.idleMs ?? IDLE_MS;
  const fail = (error: unknown, idle: IdleWatch) => {
    if (!idle.isIdle()) throw connectionError(origin, error);
    const message = `${origin} moved nothing for ${idleMs / 1000} s`;
    throw new ConnectionError(origin, 'timeout', message, error);
  };
  let bytes = 0;
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        // Only while bytes are waited for: a reader who takes his time is no dead connection.
        const idle = watchIdle(idleMs);
        const stop = () => ended.abort(idle.signal.reason);
        idle.signal.addEventListener('abort', stop, { once: true });
        const part = await reader
          ?.read()
          .catch((error: unknown) => fail(error, idle))
          .finally(idle.stop);
        if (part === undefined || part.done) return controller.close();
        bytes += part.value.byteLength;
        options.onProgress?.(bytes, options.size);
        controller.enqueue(part.value);
      },
      async cancel(reason) {
        ended.abort(reason);
        await reader?.cancel(reason).catch(() => undefined);
      },
    },
    { highWaterMark: 0 },
  );
}
