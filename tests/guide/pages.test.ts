/** The pages of the guide, followed in the order of their index by one reader in one folder. */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CLI, makeHome, ROOT, runProgram, startUp, type Home, type Up } from '../cli/cli.ts';

const GUIDE = path.join(ROOT, 'docs/guide');

/** What the commands of a page print, or the end of it, where it matters. */
const PRINTED: Record<string, readonly (string | RegExp)[]> = {
  'first-job.md': ['HELLO', 'shouting 6 characters', /COMPLETE/i],
  'writing-an-app.md': [
    '{"name": "lines.txt", "lines": 2, "characters": 6}',
    'lists/words.txt',
    'What the ****, it works.',
  ],
  'writing-a-partitioner.md': ['result_0.bin\nresult_1.bin\nresult_2.bin'],
  'writing-an-assembler.md': ['5050'],
  'templates-and-schemas.md': ['params.partitioner.lines must be >= 1'],
  'failures-and-retries.md': [
    /TASK_FAILED[^]*invalid literal/,
    'doubled_0.txt\ndoubled_1.txt\ndoubled_3.txt',
    /1 failed \(tolerated\)/,
    /chunk 2 +failed/,
    /^6$/m,
    /chunk 2 +completed +2 /,
    'one job, one reply',
  ],
  'why-is-it-waiting.md': [
    'greedy@1.0 needs a GPU (A100); no runner has one',
    '"code": "NO_FITTING_RUNNER"',
    'Job later is balanced now',
  ],
  'data.md': [],
  'clients.md': [/^CLIENTS$/m, 'JOB_STATE_COMPLETE', 'job not found', /COMPLETE HELLO$/m],
  'secrets.md': ['using the key ***'],
  'users-and-keys.md': [
    /mistake .* revoked/,
    /^ada +user +enabled/m,
    'refused, as it should be',
    /^CPUs +32$/m,
  ],
  'billing.md': [
    /^Available +200\.00000000$/m,
    /topup +Credit by an administrator/,
    'all as they were',
  ],
  'moving-from-the-hosted-service.md': ['"expiresIn":"3600"', '"id": "kept-template"'],
  'operating.md': [],
};

let home: Home;
let up: Up;

beforeAll(async () => {
  home = await makeHome();
  up = await startUp(home, ['--allow-shared-process-tier']);
});

afterAll(async () => {
  await up.stop();
  await home.remove();
});

interface Block {
  language: string;
  /** The file that the block is the content of. */
  title: string | undefined;
  text: string;
}

function blocksOf(page: string): Block[] {
  return Array.from(
    page.matchAll(/^```(\w+)(?: title="([^"]+)")?\n([\s\S]*?)^```$/gm),
    ([, language = '', title, text = '']) => ({ language, title, text }),
  );
}

/** Writes the files of a page and runs its commands, in their order. */
async function follow(page: string): Promise<string> {
  let output = '';
  const setUp = `set -eu\nbytenite() { ${process.execPath} ${CLI} "$@"; }\n`;
  let commands = setUp;
  for (const { language, title, text } of blocksOf(page)) {
    if (title !== undefined) {
      const file = path.join(home.dir, title);
      await mkdir(path.dirname(file), { recursive: true });
      await writeFile(file, text);
    }
    if (language !== 'sh') continue;
    // Variables go on from block to block, so each runs after all before it were read again as assignments.
    const { code, stdout, stderr } = await run(commands + text);
    expect({ code, text, stderr: code === 0 ? '' : stderr }).toEqual({ code: 0, text, stderr: '' });
    output += stdout;
    commands += text.match(/^(?:[A-Z]+=.*|\w+\(\) \{.*\})$/gm)?.join('\n') ?? '';
    commands += '\n';
  }
  return output;
}

function run(script: string) {
  const env = { PATH: process.env['PATH'], HOME: home.dir, NO_COLOR: '1', REPOSITORY: ROOT };
  const commands = script.replaceAll('http://127.0.0.1:4280', up.url);
  return runProgram('sh', ['-c', commands], { cwd: home.dir, env });
}

describe('the guide', () => {
  it.each(Object.entries(PRINTED))('%s works as written', async (name, printed) => {
    const output = await follow(await readFile(path.join(GUIDE, name), 'utf8'));
    for (const text of printed) expect(output).toMatch(text);
    expect(output).not.toContain('abc-123-secret');
  });

  it('has every page in its index, and every page of the index', async () => {
    const index = await readFile(path.join(GUIDE, 'README.md'), 'utf8');
    const linked = Array.from(index.matchAll(/\]\(([\w-]+\.md)\)/g), ([, name]) => name);
    // The guide to jobs has a test of its own.
    expect(new Set(linked)).toEqual(new Set([...Object.keys(PRINTED), 'jobs.md']));
  });

  it('names every variable that the server reads', async () => {
    const source = await readFile(path.join(ROOT, 'packages/server/src/config/config.ts'), 'utf8');
    const page = await readFile(path.join(GUIDE, 'operating.md'), 'utf8');
    const names = new Set(Array.from(source.matchAll(/BYTENITE_\w+/g), ([name]) => name));
    expect(names.size).toBeGreaterThan(5);
    for (const name of names) expect(page).toContain(`\`${name}\``);
  });
});
