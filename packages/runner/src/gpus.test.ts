import { expect, test } from 'vitest';
import { parseGpus } from './gpus.ts';

test('what the driver lists is read line by line, and nothing else', () => {
  const text =
    'GPU-5f3b-01, Tesla T4\nGPU-77aa-02, NVIDIA A100-SXM4-40GB\n\nNo devices were found\n';
  expect(parseGpus(text)).toEqual([
    { device: 'GPU-5f3b-01', model: 'Tesla T4' },
    { device: 'GPU-77aa-02', model: 'NVIDIA A100-SXM4-40GB' },
  ]);
});
