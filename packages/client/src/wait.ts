/** Waits; rejects with the signal's reason at its abort. */
export function wait(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const fail = () => {
      clearTimeout(timer);
      reject(signal?.reason as Error);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', fail);
      resolve();
    }, ms);
    if (signal?.aborted) fail();
    else signal?.addEventListener('abort', fail, { once: true });
  });
}

/** Exponential backoff before the given retry (from 1): half fixed, half chance. */
export function backoffMs(retry: number, baseMs: number, capMs: number): number {
  const full = Math.min(capMs, baseMs * 2 ** (retry - 1));
  return full / 2 + (full / 2) * Math.random();
}

/** Aborts its signal when nothing happened for a while, or when the outer signal aborts. */
export interface IdleWatch {
  signal: AbortSignal;
  /** Something happened. */
  touch: () => void;
  isIdle: () => boolean;
  /** To be called at the end. Not a Disposable: that would ask more of the compilers of those who use the types. */
  stop: () => void;
}

export function watchIdle(ms: number, outer?: AbortSignal): IdleWatch {
  const controller = new AbortController();
  const expire = () => controller.abort(new Error(`nothing arrived for ${ms / 1000} s`));
  const signals = outer === undefined ? [] : [outer];
  let timer = setTimeout(expire, ms);
  return {
    signal: AbortSignal.any([controller.signal, ...signals]),
    touch() {
      clearTimeout(timer);
      timer = setTimeout(expire, ms);
    },
    isIdle: () => controller.signal.aborted,
    stop: () => clearTimeout(timer),
  };
}
