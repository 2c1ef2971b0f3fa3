import { describe, expect, it } from 'vitest';
import { askedMemory, memoryWords, raiseMemory } from './raise-memory.ts';

const MIB = 1024 ** 2;

describe('memory after an attempt that ran out of it', () => {
  const raise = (given: number, cap: number, raised = 0) =>
    raiseMemory({ base: 64, raised, given }, cap);

  it('is twice as much, again and again, up to the cap', () => {
    expect(raise(64, 1000)).toBe(128);
    expect(raise(128, 1000, 128)).toBe(256);
    expect(raise(512, 1000, 512)).toBe(1000);
    expect(raise(1000, 1000, 1000)).toBe(1000);
  });

  it('is never less than before, whatever the cap', () => {
    expect(raise(64, 32)).toBe(0);
    expect(raise(128, 100, 128)).toBe(128);
  });

  it('follows what a smaller runner gave, where that leads anywhere', () => {
    expect(raise(40, 1000)).toBe(80);
    expect(raise(20, 1000)).toBe(0);
  });
});

it('no more memory is asked for than any runner has, and no less than the component wants', () => {
  expect(askedMemory(64, 0, 1000)).toBe(64);
  expect(askedMemory(64, 256, 1000)).toBe(256);
  expect(askedMemory(64, 256, 200)).toBe(200);
  expect(askedMemory(64, 256, 32)).toBe(64);
});

it('memory is told in MiB', () => {
  expect(memoryWords(128 * MIB)).toBe('128 MiB');
  expect(memoryWords(1.25 * MIB)).toBe('1.3 MiB');
});
