import { expect, test } from 'vitest';
import { Prefetch } from './prefetch.ts';

function afterTasksOf(wallMs: number): Prefetch {
  const prefetch = new Prefetch();
  for (let i = 0; i < 50; i++) prefetch.observe(wallMs);
  return prefetch;
}

test('short tasks are stored for some 200 ms, very short ones up to a limit', () => {
  expect(afterTasksOf(20).target(2, 0)).toBe(20);
  expect(afterTasksOf(0.01).target(2, 0)).toBe(1000);
});

test('long tasks are not stored, be they ended or running', () => {
  expect(afterTasksOf(5000).target(2, 0)).toBe(0);
  expect(afterTasksOf(20).target(2, 3000)).toBe(0);
});

test('before anything is known a task or two are stored', () => {
  expect(new Prefetch().target(2, 0)).toBe(1);
});
