import type { Command } from 'commander';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { main } from './main.ts';
import { createProgram } from './program.ts';
import { tempFolder } from './testing/temp-folder.ts';

// The first test loads every command.
vi.setConfig({ testTimeout: 60_000 });

let output: { stdout: string; stderr: string };

beforeEach(async () => {
  vi.stubEnv('HOME', await tempFolder());
  output = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) {
    vi.spyOn(process[name], 'write').mockImplementation((text) => {
      output[name] += String(text);
      return true;
    });
  }
});

afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllEnvs();
});

/** The words of every command that does something. */
async function allCommands(): Promise<string[][]> {
  const program = createProgram().configureOutput({ writeOut: () => undefined });
  for (const group of program.commands) {
    // Loads the group, as calling it does.
    await program.parseAsync([group.name(), '--help'], { from: 'user' }).catch(() => undefined);
  }
  const leaves = (command: Command, words: string[]): string[][] =>
    command.commands.length === 0
      ? [words]
      : command.commands.flatMap((child) => leaves(child, [...words, child.name()]));
  return leaves(program, []);
}

describe('help', () => {
  it('of every command teaches with an example', async () => {
    const commands = (await allCommands()).filter(([name]) => name !== 'version');
    expect(commands.length).toBeGreaterThan(30);
    for (const words of commands) {
      output.stdout = '';
      expect(await main(['help', ...words])).toBe(0);
      expect(output.stdout).toContain(`Usage: bytenite ${words.join(' ')} `);
      expect(output.stdout).toMatch(/Examples?:\n {2}bytenite /);
    }
  });
});

describe('wrong usage', () => {
  it.each([
    'jb',
    'job rum',
    'job get',
    'job list --limit 0',
    'job list --colour',
    'job run',
    'job run --template a --param case=upper',
    'job run --template a --config tasktimeout=1',
    'job run --template a --no-wait --out out',
    'job run --template a --input a --url-source b',
    'job run some-id --template a',
    'job tasks last --state asleep',
    'job logs last --level loud',
    'engine new a --type splitter',
    'engine new a',
    'app new a/b',
    'app new a --lang cobol',
    'secret create a',
    'secret create a --type aws',
    'secret create a --type other --expires soon',
    'secret create a --type other --param x',
    'secret delete',
    'completion',
    'completion tcsh',
    'app activate',
    'key create',
    'key create ci --expires soon',
    'key revoke',
    'user create',
    'user create ada --role king',
    'user disable',
    'app delete a@0.1',
    'engine import',
    'template delete a',
    'up --port many',
    'up --sandbox paper',
    'up --runner-memory lots',
    'up --runner-memory 8',
    'up --user-cache lots',
    'up --task-files 1.5',
    'up --no-runner --task-processes 5',
    'up --no-runner --user-cache 1GiB',
    'up --no-runner --runner-cpus 2',
    'up --public-url here',
  ])('%s: is told on stderr, with exit code 2', async (line) => {
    expect(await main(line.split(' '))).toBe(2);
    expect(output.stderr).toMatch(/^(error|bytenite): /);
    expect(output.stderr).not.toContain('internal error');
    expect(output.stdout).toBe('');
  });
});
