import { Readable } from 'node:stream';
import type { Context as HonoContext } from 'hono';
import { expect, it } from 'vitest';
import { manyParts, peakOf } from '../testing/parts.ts';
import type { AppEnv } from './env.ts';
import { bodyOf } from './request-body.ts';

it('holds no part of a body longer than its reader does', async () => {
  const total = 400;
  const incoming = Readable.from(manyParts(total), { objectMode: false });
  const c = { env: { incoming } } as unknown as HonoContext<AppEnv>;
  expect(await peakOf(bodyOf(c, 60_000))).toBeLessThan((total / 2) * 1024 * 1024);
});
