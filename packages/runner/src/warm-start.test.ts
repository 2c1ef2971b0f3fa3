import { describe, expect, it } from 'vitest';
import type { TaskContext } from '@bytenite/contract';
import { warmStartOf, type WarmStartRequest } from './warm-start.ts';

const BASE = { PATH: '/usr/bin', LANG: 'C.UTF-8', PYTHONUNBUFFERED: '1' };

function request(changes: Partial<WarmStartRequest> = {}, context: object = {}): WarmStartRequest {
  const component = { entrypoint: 'main.py', preload: [], network: 'default' };
  return {
    context: {
      owner: 'a',
      kind: 'APP',
      numChunks: 100,
      component,
      ...context,
    } as unknown as TaskContext,
    command: ['/usr/bin/python3', 'main.py'],
    componentDir: '/packages/1',
    base: BASE,
    env: { ...BASE, TASK_ID: 't', AN_API_KEY: 'k' },
    memoryBytes: 2 ** 30,
    setup: [1],
    ...changes,
  };
}

describe('a warm start', () => {
  it('is for Python, and for what is started as its server was', () => {
    expect(warmStartOf(request())).toMatchObject({ preload: [], env: BASE, starts: true });
    const program = { entrypoint: 'run', preload: [], network: 'default' };
    expect(warmStartOf(request({ command: ['/x/run'] }, { component: program }))).toBeUndefined();
    for (const name of ['PYTHONPATH', 'LD_PRELOAD', 'OMP_NUM_THREADS', 'TZ']) {
      expect(warmStartOf(request({ env: { ...BASE, [name]: '1' } }))).toBeUndefined();
    }
    expect(warmStartOf(request({ env: { ...BASE, LANG: 'de' } }))).toBeUndefined();
    expect(warmStartOf(request({ memoryBytes: 2 ** 25 }))).toBeUndefined();
  });

  it('is shared by tasks of one account, package and setup alone', () => {
    const keyOf = (...args: Parameters<typeof request>) => warmStartOf(request(...args))?.key;
    expect(keyOf({ env: { ...BASE, TASK_ID: 'u' } })).toBe(keyOf());
    const others = [
      keyOf({}, { owner: 'b' }),
      keyOf({ componentDir: '/packages/2' }),
      keyOf({ setup: [2] }),
      keyOf({ memoryBytes: 2 ** 31 }),
      keyOf({ base: { ...BASE, HOME: '/tmp' }, env: { ...BASE, HOME: '/tmp' } }),
      keyOf({}, { component: { entrypoint: 'main.py', preload: ['a'], network: 'default' } }),
      keyOf({}, { component: { entrypoint: 'main.py', preload: [], network: 'none' } }),
    ];
    expect(new Set([keyOf(), ...others]).size).toBe(others.length + 1);
  });

  it('is prepared with the first task where it is sure to be of use', () => {
    const startsWith = (context: object) => warmStartOf(request({}, context))?.starts;
    expect(startsWith({ numChunks: 2 })).toBe(false);
    expect(startsWith({ kind: 'ASSEMBLER' })).toBe(false);
    const component = { entrypoint: 'main.py', preload: ['numpy'], network: 'default' };
    expect(startsWith({ numChunks: 2, component })).toBe(true);
  });
});
