import { expect, test } from 'vitest';
import { SecretInput } from './secret.ts';

test.each([
  ['media_store', true],
  ['.env', true],
  ['...', true],
  ['', true],
  ['.', false],
  ['..', false],
  ['a/b', false],
  ['a'.repeat(129), false],
])('the id of a secret can stand in a path: %j is %j', (id, isOne) => {
  expect(SecretInput.safeParse({ id, secretType: 'other' }).success).toBe(isOne);
});
