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

test.each<[string, (value: string) => string]>([
  ['JSON of JavaScript', (value) => JSON.stringify({ value })],
  [
    'JSON of Python',
    (value) =>
      JSON.stringify(value).replaceAll(
        /[^ -~]/g,
        (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
      ),
  ],
  ['JSON of PHP', (value) => JSON.stringify(value).replaceAll('/', String.raw`\/`)],
  ['a URL', (value) => `https://host/?key=${encodeURIComponent(value)}`],
  [
    'a URL with small digits',
    (value) => encodeURIComponent(value).replaceAll(/%../g, (d) => d.toLowerCase()),
  ],
  ['a form', (value) => new URLSearchParams({ value }).toString()],
  ['base64', (value) => Buffer.from(value).toString('base64')],
  ['base64url', (value) => Buffer.from(value).toString('base64url')],
  ['base64 of user and key', (value) => Buffer.from(`u:${value}`).toString('base64')],
  ['base64 of JSON', (value) => Buffer.from(`{"k": "${value}"}`).toString('base64')],
])('a value is hidden in %s', (_, print) => {
  const value = "Ké/y+ with 'all' of~it?&*€";
  const printed = print(value);
  const line = createRedactor([secret(value)]).redact(printed);
  expect(line).toContain('***');
  // Of base64 up to a character at each end depends on what lies beside the value.
  expect(line.replace('***', '').length).toBeLessThan(printed.length - value.length + 4);
  expect(line).not.toContain(value.slice(4, 12));
});

test.each([76, 64, 60])(
  'a value is hidden in base64 that is wrapped after %d columns',
  (columns) => {
    const value = Array.from({ length: 40 }, (_, i) => `${i * 7919}/${i}?`).join('~');
    const redactor = createRedactor([secret(value)]);
    for (const before of ['', 'u', 'user:', 'x'.repeat(columns)]) {
      const encoded = Buffer.from(`${before}${value}${before}`).toString('base64');
      const lines = encoded.match(new RegExp(`.{1,${columns}}`, 'g')) ?? [];
      const shown = lines.map((line) => redactor.redact(line)).join('');
      const clear = Buffer.from(encoded).byteLength - Buffer.from(value).toString('base64').length;
      expect(shown.replaceAll('***', '').length).toBeLessThan(clear + 2 * 12 + 4);
    }
    expect(redactor.redact('a/path/that/is/long/enough-and-no-secret')).not.toContain('***');
  },
);

test('two values are hidden in one line of base64, of which the first ends and the second begins', () => {
  const [first, second] = ['first-'.repeat(6), 'second'.repeat(6)];
  const base64 = (text: string) => Buffer.from(text).toString('base64');
  const line = `${base64(first).slice(-20)}QUJDREVG${base64(second).slice(0, 20)}`;
  for (const secrets of [
    [secret(first), secret(second)],
    [secret(second), secret(first)],
  ]) {
    expect(createRedactor(secrets).redact(line)).toBe('***QUJDREVG***');
  }
});

test.each<[string, (value: string) => string]>([
  ['JSON within JSON', (value) => JSON.stringify(JSON.stringify({ value }))],
  ['hex', (value) => Buffer.from(value).toString('hex')],
  ['HTML', (value) => value.replaceAll('&', '&amp;').replaceAll('"', '&quot;')],
])('a value is hidden in %s', (_, print) => {
  const value = 'pass"word\\ & more';
  const line = createRedactor([secret(value)]).redact(`<${print(value)}>`);
  expect(line).toMatch(/^<[^a-z]*(value)?[^a-z]*>$/);
  expect(line).toContain('***');
});

test('signs of patterns are only signs', () => {
  expect(createRedactor([secret('a.*[b](c)|$^')]).redact('xa.*[b](c)|$^y abbc')).toBe('x***y abbc');
});
