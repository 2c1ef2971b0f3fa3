import { setImmediate } from 'node:timers/promises';

/**
 * A reply that is written while it is read. Who ends it early is told to `onCancel`, before the pieces are
 * ended; a piece that cannot be made cuts the reply off.
 */
export function streamReply(
  pieces: AsyncGenerator<string, void>,
  headers: Record<string, string>,
  onCancel: () => void = () => undefined,
): Response {
  const body = new ReadableStream<Uint8Array>({
    async pull(controller) {
      // A reader as fast as it is sent to would otherwise leave nobody else a turn.
      await setImmediate();
      const { done, value } = await pieces.next();
      if (done === true) controller.close();
      else controller.enqueue(Buffer.from(value));
    },
    async cancel() {
      onCancel();
      await pieces.return(undefined);
    },
  });
  return new Response(body, { headers: { 'cache-control': 'no-store', ...headers } });
}
