import { expect, it } from 'vitest';
import { parseLifetime } from './lifetime.ts';

it.each([
  ['45s', '45s'],
  ['2m', '120s'],
  ['12h', '43200s'],
  ['90d', '7776000s'],
  ['4w', '2419200s'],
  ['1y', '31536000s'],
])('%s is %s', (text, duration) => {
  expect(parseLifetime(text)).toBe(duration);
});

it.each(['', '90', 'd', '0d', '-1d', '1.5h', '1month', '99999999999999999d'])(
  '%j is refused',
  (text) => {
    expect(() => parseLifetime(text)).toThrow('a time like');
  },
);
