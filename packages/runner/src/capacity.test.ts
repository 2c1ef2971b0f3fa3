import { expect, test } from 'vitest';
import { Capacity } from './capacity.ts';

const GIB = 2 ** 30;
const always = () => true;

test('tasks wait for their turn in order, a large one is not overtaken', async () => {
  const capacity = new Capacity({ cpus: 2, memoryBytes: GIB });
  const small = { cpus: 1, memoryBytes: 0 };
  const large = { cpus: 2, memoryBytes: 0 };
  expect(capacity.take(small, always)).toBe(true);
  const order: string[] = [];
  const note = (name: string) => () => void order.push(name);
  const waiting = [
    Promise.resolve(capacity.take(large, always)).then(note('large')),
    Promise.resolve(capacity.take(small, always)).then(note('small')),
  ];
  capacity.give(small);
  await waiting[0];
  expect(order).toEqual(['large']);
  capacity.give(large);
  await waiting[1];
  expect(order).toEqual(['large', 'small']);
});

test('fractions of a CPU add up', () => {
  const capacity = new Capacity({ cpus: 1, memoryBytes: GIB });
  const tenth = { cpus: 0.1, memoryBytes: 0 };
  for (let i = 0; i < 10; i++) expect(capacity.take(tenth, always)).toBe(true);
  expect(capacity.take(tenth, always)).not.toBe(true);
});

test('one that is not wanted any more is answered and makes room for the next', async () => {
  const capacity = new Capacity({ cpus: 1, memoryBytes: GIB });
  const all = { cpus: 1, memoryBytes: 0 };
  expect(capacity.take(all, always)).toBe(true);
  let isWanted = true;
  const first = capacity.take(all, () => isWanted);
  const second = capacity.take(all, always);
  isWanted = false;
  capacity.sweep();
  expect(await first).toBe(false);
  capacity.give(all);
  expect(await second).toBe(true);
});

test('a task that has the runner for itself takes all of it, and may use what it asked for', () => {
  const capacity = new Capacity({ cpus: 2, memoryBytes: GIB });
  const asked = { cpus: 1, memoryBytes: 5, alone: true };
  expect(capacity.limitsOf(asked)).toEqual({ cpus: 1, memoryBytes: 5 });
  const need = capacity.needOf(asked);
  expect(capacity.take({ cpus: 0.5, memoryBytes: 1 }, always)).toBe(true);
  expect(capacity.take(need, always)).not.toBe(true);
});

test('a task that asks for more than there is takes all of it', () => {
  const capacity = new Capacity({ cpus: 2, memoryBytes: GIB });
  const need = capacity.needOf({ cpus: 64, memoryBytes: 1, alone: false });
  expect(need).toEqual({ cpus: 2, memoryBytes: 1 });
  expect(capacity.take(need, always)).toBe(true);
  expect(capacity.take({ cpus: 0.5, memoryBytes: 1 }, always)).not.toBe(true);
});
