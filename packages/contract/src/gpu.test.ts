import { expect, it } from 'vitest';
import { findGpu, matchesGpu } from './gpu.ts';

it('a GPU fits where its model or the wanted one is a part of the other, in any case', () => {
  expect(matchesGpu('NVIDIA Tesla T4', ['t4'])).toBe(true);
  expect(matchesGpu('A100', ['NVIDIA A100-SXM4-40GB'])).toBe(true);
  expect(matchesGpu('NVIDIA H100', ['A100', 'h100'])).toBe(true);
  expect(matchesGpu('NVIDIA H100', ['A100'])).toBe(false);
  expect(matchesGpu('NVIDIA H100', [])).toBe(false);
});

it('the first that fits is taken, and none where none is wanted', () => {
  expect(findGpu(['T4', 'A100', 'A100 80GB'], ['a100'])).toBe(1);
  expect(findGpu(['T4'], ['a100'])).toBeNull();
  expect(findGpu(['T4'], [])).toBeNull();
});
