import { expect, it } from 'vitest';
import { betterOf } from './database-clock.ts';

const GOOD = { offset: 1000, errorMs: 1, at: 0 };

it('passes over a measurement in which this process stood still', () => {
  expect(betterOf(GOOD, { offset: 2500, errorMs: 1600, at: 5000 })).toBe(GOOD);
});

it('takes one that is as good, and a worse one once the old one is old', () => {
  const next = { offset: 1001, errorMs: 1, at: 5000 };
  expect(betterOf(GOOD, next)).toBe(next);
  const worse = { offset: 1001, errorMs: 5, at: 5000 };
  expect(betterOf(GOOD, worse)).toBe(GOOD);
  const late = { ...worse, at: 60_000 };
  expect(betterOf(GOOD, late)).toBe(late);
});

it('follows a clock that was set', () => {
  const next = { offset: 4000, errorMs: 50, at: 5000 };
  expect(betterOf(GOOD, next)).toBe(next);
});
