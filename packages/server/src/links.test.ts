import { randomBytes } from 'node:crypto';
import { expect, it } from 'vitest';
import { createLinkSigner, openLinkSigner } from './links.ts';
import { createTestContext } from './testing/context.ts';

const signer = createLinkSigner(randomBytes(32));

it('opens exactly what was signed, until the end', () => {
  const sig = signer.sign('result', '7/1/a.txt', 1000);
  expect(sig).toMatch(/^[\w.-]+$/); // needs no escaping in a URL
  expect(signer.verify('result', '7/1/a.txt', sig, 999)).toBe(true);
  expect(signer.verify('result', '7/1/a.txt', sig, 1000)).toBe(false);
  expect(signer.verify('result', '7/1/b.txt', sig, 999)).toBe(false);
  expect(signer.verify('upload', '7/1/a.txt', sig, 999)).toBe(false);
});

it('cannot be given another end', () => {
  const [, mac = ''] = signer.sign('upload', '7', 1000).split('.');
  expect(signer.verify('upload', '7', `${(9_999_999).toString(36)}.${mac}`, 5000)).toBe(false);
});

it.each(['', '.', 'x', 'a.b.c', `zz.${'A'.repeat(43)}`, `${'A'.repeat(5000)}.${'B'.repeat(5000)}`])(
  'takes no %j',
  (sig) => {
    expect(signer.verify('upload', '7', sig, 0)).toBe(false);
  },
);

it('is worth nothing on another installation, and lives on after a restart', async () => {
  const first = await createTestContext();
  const second = await createTestContext();
  const sig = first.links.sign('upload', '7', first.now() + 1000);
  expect(second.links.verify('upload', '7', sig, second.now())).toBe(false);
  const again = await openLinkSigner(first.store.db);
  expect(again.verify('upload', '7', sig, first.now())).toBe(true);
  await Promise.all([first.dispose(), second.dispose()]);
});
