import { describe, expect, it, vi } from 'vitest';
import { createProgram, loadCommand } from '../program.ts';
import { complete } from './complete.ts';

// The first test loads commands.
vi.setConfig({ testTimeout: 60_000 });

async function completionsOf(line: string) {
  const { candidates, files } = await complete(createProgram(), line.split(' '), loadCommand);
  return { values: candidates.map(({ value }) => value), files };
}

describe('the last word of a line becomes', () => {
  it.each([
    ['sec', ['secret']],
    ['job ca', []],
    ['job ab', ['abort']],
    ['app n', ['new']],
    ['app new --la', ['--lang']],
    ['app new --lang ', ['python', 'node', 'sh']],
    ['app new --lang=p', ['python']],
    ['app new --lang = p', ['python']],
    ['engine new --lang sh --type a', ['assembler']],
    ['job get ', ['last']],
    ['--url http://a:1 job logs --follow la', ['last']],
    ['job list --ur', ['--url']],
    ['completion z', ['zsh']],
    ['job get last ', []],
    ['nonsense ', []],
    ['app new -- --la', []],
  ])('%s: %j', async (line, values) => {
    const found = await completionsOf(line);
    expect(found.values.slice(0, 3)).toEqual(values);
    expect(found.files).toBe(false);
  });

  it.each(['app push ', 'app push so', 'job run --input ', 'up --data-dir x', 'template push '])(
    'a file: %s',
    async (line) => {
      expect(await completionsOf(line)).toEqual({ values: [], files: true });
    },
  );
});

it('a group alone offers all of its commands, with what they do', async () => {
  const { candidates } = await complete(createProgram(), ['secret', ''], loadCommand);
  expect(candidates.map(({ value }) => value)).toEqual(['create', 'list', 'delete', 'rotate-key']);
  expect(candidates.every(({ description }) => description !== '')).toBe(true);
});
