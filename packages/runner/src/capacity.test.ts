import { expect, test } from 'vitest';
import { Capacity } from './capacity.ts';

const GIB = 2 ** 30;
const always = () => true;

test('tasks wait for their turn in order, a large one is not overtaken', async () => {
  const capacity = new Capacity({ cpus: 2, memoryBytes: GIB, gpus: [] });
  const small = { cpus: 1, memoryBytes: 0, gpu: [] };
  const large = { cpus: 2, memoryBytes: 0, gpu: [] };
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
  const capacity = new Capacity({ cpus: 1, memoryBytes: GIB, gpus: [] });
  const tenth = { cpus: 0.1, memoryBytes: 0, gpu: [] };
  for (let i = 0; i < 10; i++) expect(capacity.take(tenth, always)).toBe(true);
  expect(capacity.take(tenth, always)).not.toBe(true);
});

test('one that is not wanted any more is answered and makes room for the next', async () => {
  const capacity = new Capacity({ cpus: 1, memoryBytes: GIB, gpus: [] });
  const all = { cpus: 1, memoryBytes: 0, gpu: [] };
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
  const capacity = new Capacity({ cpus: 2, memoryBytes: GIB, gpus: [] });
  const asked = { cpus: 1, memoryBytes: 5, gpu: [], alone: true };
  expect(capacity.limitsOf(asked)).toEqual({ cpus: 1, memoryBytes: 5, gpu: [] });
  const need = capacity.needOf(asked);
  expect(capacity.take({ cpus: 0.5, memoryBytes: 1, gpu: [] }, always)).toBe(true);
  expect(capacity.take(need, always)).not.toBe(true);
});

test('a task that asks for more than there is takes all of it', () => {
  const capacity = new Capacity({ cpus: 2, memoryBytes: GIB, gpus: [] });
  const need = capacity.needOf({ cpus: 64, memoryBytes: 1, gpu: ['T4'], alone: false });
  expect(need).toEqual({ cpus: 2, memoryBytes: 1, gpu: [] });
  expect(capacity.take(need, always)).toBe(true);
  expect(capacity.take({ cpus: 0.5, memoryBytes: 1, gpu: [] }, always)).not.toBe(true);
});

test('each task that needs a GPU has one alone, of a model that it takes; the others are not held up', async () => {
  const gpus = [
    { model: 'NVIDIA A100', device: '0' },
    { model: 'Tesla T4', device: '1' },
  ];
  const capacity = new Capacity({ cpus: 8, memoryBytes: GIB, gpus });
  const need = (...gpu: string[]) =>
    capacity.needOf({ cpus: 1, memoryBytes: 0, gpu, alone: false });
  const [any, small, next, none] = [need('a100', 't4'), need('t4'), need('T4'), need()];
  expect(capacity.freeModels([any])).toEqual(['Tesla T4']);
  expect(capacity.take(any, always)).toBe(true);
  expect(capacity.take(small, always)).toBe(true);
  expect([any, small].map((held) => capacity.gpuOf(held)?.device)).toEqual(['0', '1']);
  expect(capacity.freeModels([any, small])).toEqual([]);
  const turn = capacity.take(next, always);
  expect(turn).not.toBe(true);
  expect(capacity.take(none, always)).toBe(true);
  expect(capacity.gpuOf(none)).toBeNull();
  capacity.give(any);
  expect(capacity.gpuOf(next)).toBeNull();
  capacity.give(small);
  expect(await turn).toBe(true);
  expect(capacity.gpuOf(next)?.device).toBe('1');
});
