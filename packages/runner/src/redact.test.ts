import { expect, test } from 'vitest';
import type { SecretGrant } from '@bytenite/contract';
import { createRedactor } from './redact.ts';

function secret(secretKey: string, accessKey = ''): SecretGrant {
  return { id: 'id', secretType: '', name: '', accessKey, secretKey, expiresAt: null, params: {} };
}

test('every value is hidden, the longer of two that overlap first', () => {
  const redactor = createRedactor([secret('abcdef', 'abc'), secret('xyz')]);
  expect(redactor.redact('abcdef abc xyz abcxyz')).toBe('*** *** *** ******');
});

test('a value is hidden inside JSON and line by line', () => {
  const key = '-----BEGIN KEY-----\nq"uoted\nsecond line\n';
  const redactor = createRedactor([secret(key)]);
  expect(redactor.redact(JSON.stringify({ key }))).toBe('{"key":"***"}');
  expect(redactor.redact('second line')).toBe('***');
});

test('empty and tiny values blank out nothing', () => {
  expect(createRedactor([secret('', 'x')]).redact('a fox')).toBe('a fox');
});
