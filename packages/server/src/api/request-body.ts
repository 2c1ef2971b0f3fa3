/** Reading what callers send: with a limit on the bytes and on the time that nothing comes. */
import { ApiError, invalid } from '@bytenite/contract';
import type { Context as HonoContext } from 'hono';
import type { AppEnv } from './env.ts';

const DROP_BYTES = 64 * 1024 * 1024;
const DROP_MS = 3000;

/**
 * The body as it arrives. Whoever stops early leaves the rest unread, so that an error can still be
 * answered; when nothing arrives for `idleMs` it ends in 504.
 */
export async function* bodyOf(
  c: HonoContext<AppEnv>,
  idleMs: number,
): AsyncGenerator<Uint8Array, void> {
  const iterator = iteratorOf(c);
  for (;;) {
    const next = await within(idleMs, iterator.next());
    if (next === 'late') {
      throw new ApiError('DEADLINE_EXCEEDED', `nothing was received for ${idleMs / 1000} s`);
    }
    if (next.done === true) return;
    yield next.value;
  }
}

/**
 * What a promise resolves to, or `late` when that takes too long. Not a race with one promise for the
 * whole body: that would hold on to every part until the body ends.
 */
function within<T>(ms: number, promise: Promise<T>): Promise<T | 'late'> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => resolve('late'), ms);
    const settle = (act: () => void) => {
      clearTimeout(timer);
      act();
    };
    promise.then(
      (value) => settle(() => resolve(value)),
      (error: Error) => settle(() => reject(error)),
    );
  });
}

/** Reads a body as text. */
export async function readText(
  c: HonoContext<AppEnv>,
  limits: { bytes: number; idleMs: number },
): Promise<string> {
  refuseEncoding(c);
  if (Number(c.req.header('content-length') ?? 0) > limits.bytes) throw tooLarge(limits.bytes);
  const parts: Uint8Array[] = [];
  let size = 0;
  for await (const part of bodyOf(c, limits.idleMs)) {
    size += part.byteLength;
    if (size > limits.bytes) throw tooLarge(limits.bytes);
    parts.push(part);
  }
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(Buffer.concat(parts, size));
  } catch (error) {
    throw new ApiError('INVALID_ARGUMENT', 'body is not valid UTF-8', { cause: error });
  }
}

/**
 * Reads on and drops what it reads, within limits: a caller that is still sending does not see a reply,
 * and the connection could not carry another call.
 */
export async function dropRest(c: HonoContext<AppEnv>): Promise<void> {
  const incoming = (c.env as Partial<AppEnv['Bindings']> | undefined)?.incoming;
  if (incoming === undefined || incoming.complete || incoming.destroyed) return;
  const iterator = iteratorOf(c);
  const endsAt = performance.now() + DROP_MS;
  try {
    for (let size = 0; size <= DROP_BYTES;) {
      const next = await within(endsAt - performance.now(), iterator.next());
      if (next === 'late' || next.done === true) return;
      size += next.value.byteLength;
    }
  } catch {
    // The caller went away; nobody reads the reply.
  }
}

function refuseEncoding(c: HonoContext<AppEnv>): void {
  const encoding = c.req.header('content-encoding')?.trim().toLowerCase() ?? '';
  if (encoding === '' || encoding === 'identity') return;
  throw invalid(`content-encoding ${encoding} is not supported`);
}

function tooLarge(bytes: number): ApiError {
  return invalid(`body is larger than ${bytes} bytes`);
}

function iteratorOf(c: HonoContext<AppEnv>): AsyncIterator<Uint8Array> {
  // Without a server, as in app.request(), there is only the standard request.
  const incoming = (c.env as AppEnv['Bindings'] | undefined)?.incoming;
  if (incoming !== undefined) return incoming.iterator({ destroyOnReturn: false });
  const body = c.req.raw.body as AsyncIterable<Uint8Array> | null;
  return (body ?? empty())[Symbol.asyncIterator]();
}

async function* empty(): AsyncGenerator<Uint8Array> {
  // No body has no parts.
}
