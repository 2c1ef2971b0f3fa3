import { expect, it } from 'vitest';
import { manyParts, peakOf } from '../testing/parts.ts';
import { abortable } from './body.ts';

it('holds no part longer than its reader does', async () => {
  const total = 400;
  const peak = await peakOf(abortable(manyParts(total), new AbortController().signal));
  expect(peak).toBeLessThan((total / 2) * 1024 * 1024);
});

it('leaves no listeners on the signal', async () => {
  let added = 0;
  const { signal } = new AbortController();
  const count = (by: number) => () => {
    added += by;
  };
  Object.assign(signal, { addEventListener: count(1), removeEventListener: count(-1) });
  await peakOf(abortable(manyParts(20), signal));
  expect(added).toBe(0);
});

it('ends at the abort, also while nothing comes', async () => {
  const stop = new AbortController();
  async function* silent(): AsyncGenerator<Uint8Array> {
    yield new Uint8Array(1);
    await new Promise(() => undefined);
  }
  const parts = abortable(silent(), stop.signal);
  await parts.next();
  const next = parts.next();
  stop.abort(new Error('enough'));
  await expect(next).rejects.toThrow('enough');
});
