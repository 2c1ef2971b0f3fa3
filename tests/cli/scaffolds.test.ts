/** What \`new\` writes runs as it is, in every language. */
import { execFile } from 'node:child_process';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeHome, startUp, type Home, type Up } from './cli.ts';

const LANGUAGES = [
  ['python', 'main.py', 'python3'],
  ['node', 'main.mjs', 'node'],
  ['sh', 'main.sh', 'sh'],
] as const;

let home: Home;
let up: Up;

beforeAll(async () => {
  home = await makeHome();
  up = await startUp(home);
});

afterAll(async () => {
  await up?.stop();
  await home.remove();
});

async function make(lang: string): Promise<void> {
  for (const [kind, name, ...more] of [
    ['engine', `${lang}-partitioner`, '--type', 'partitioner'],
    ['engine', `${lang}-assembler`, '--type', 'assembler'],
    ['app', `${lang}-app`],
  ] as const) {
    await home.ok([kind, 'new', name, '--lang', lang, ...more]);
    await home.ok([kind, 'push', name]);
    await home.ok([kind, 'activate', name]);
  }
}

describe.each(LANGUAGES)('a skeleton in %s', (lang, main, interpreter) => {
  it('runs at once, as partitioner, app and assembler', async () => {
    await make(lang);
    await writeFile(path.join(home.dir, 'in.bin'), 'passed on \0 as it is\n');
    const engines = ['--partitioner', `${lang}-partitioner`, '--assembler', `${lang}-assembler`];
    const params = ['--param', 'app.word=two "words"'];
    const args = ['--template', `${lang}-app-template`, ...engines, ...params, '--input', 'in.bin'];
    await home.ok(['job', 'run', ...args, '--out', `${lang}-out`]);
    expect(await readdir(path.join(home.dir, `${lang}-out`))).toEqual(['result.bin']);
    expect(await readFile(path.join(home.dir, `${lang}-out/result.bin`), 'utf8')).toBe(
      'passed on \0 as it is\n',
    );
    const logs = await home.ok(['job', 'logs', 'last']);
    expect(logs).toMatch(/21 bytes, parameters \{.*two \\?"words/);
  });

  it.each([
    ['app', 'TASK_DIR', 'TASK_RESULTS_DIR'],
    ['partitioner', 'SOURCE_DIR', 'CHUNKS_DIR'],
    ['assembler', 'TASK_RESULTS_DIR', 'OUTPUT_DIR'],
  ])('of an %s checks what it is given', async (type, input, output) => {
    const file = path.join(home.dir, `${lang}-${type}/app/${main}`);
    const { PATH = '' } = process.env;
    const complaint = async (env: Record<string, string>) => {
      const run = promisify(execFile)(interpreter, [file], { env: { PATH, ...env } });
      return ((await run.catch((error: unknown) => error)) as { stderr: string }).stderr;
    };
    expect(await complaint({})).toContain(`${input} is not set`);
    expect(await complaint({ [input]: '/nowhere' })).toContain(
      `${input} is '/nowhere', which is not a directory`,
    );
    expect(await complaint({ [input]: home.dir })).toContain(`${output} is not set`);
    expect(await complaint({ [input]: home.dir, [output]: home.dir })).toContain(
      '_PARAMS is not set',
    );
  });
});

it('a shell assembler takes results in the order of their chunks, under their own names', async () => {
  await home.ok(['app', 'new', 'numbers', '--lang', 'sh']);
  await home.ok(['engine', 'new', 'fan-out', '--lang', 'sh', '--type', 'partitioner']);
  const partitioner = path.join(home.dir, 'fan-out/app/main.sh');
  const text = await readFile(partitioner, 'utf8');
  await writeFile(
    partitioner,
    text.replace(
      /read_source_files \|[\s\S]*$/,
      'for i in 0 1 2 3 4 5 6 7 8 9 10 11; do echo "$i" | save_chunk; done\n',
    ),
  );
  await home.ok(['engine', 'new', 'in-order', '--lang', 'sh', '--type', 'assembler']);
  const assembler = path.join(home.dir, 'in-order/app/main.sh');
  const merge = await readFile(assembler, 'utf8');
  await writeFile(
    assembler,
    merge.replace(
      /read_result_files \|[\s\S]*$/,
      'read_result_files | while IFS= read -r name; do cat "$TASK_RESULTS_DIR/$name"; done | save_output_file all/numbers.txt\n',
    ),
  );
  for (const [kind, name] of [
    ['app', 'numbers'],
    ['engine', 'fan-out'],
    ['engine', 'in-order'],
  ] as const) {
    await home.ok([kind, 'push', name]);
    await home.ok([kind, 'activate', name]);
  }
  const engines = ['--partitioner', 'fan-out', '--assembler', 'in-order'];
  await home.ok(['job', 'run', '--app', 'numbers', ...engines, '--out', 'numbers-out']);
  expect(await readFile(path.join(home.dir, 'numbers-out/all/numbers.txt'), 'utf8')).toBe(
    '0\n1\n2\n3\n4\n5\n6\n7\n8\n9\n10\n11\n',
  );
});
