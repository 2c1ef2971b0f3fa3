/** What users write into names and lines must not move the terminal of whoever looks at it. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { CLI, makeHome, runProgram, startUp, type Home, type Up } from '../cli/cli.ts';
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';

let home: Home;
let up: Up;

/** A title, a clipboard write, a cleared screen, a moved cursor, a bell, and 8-bit forms of them. */
const EVIL =
  '\u001b]0;owned\u0007\u001b]52;c;ZXZpbA==\u0007\u001b[2J\u001b[1;1H\u0007\u009b2J\u0085\u001b[31mred\u001b[0m\r\u0008';

beforeAll(async () => {
  home = await makeHome();
  up = await startUp(home);
  const main = `import os, sys\nprint(${JSON.stringify(EVIL)})\nprint(${JSON.stringify(EVIL)}, file=sys.stderr)\nsys.exit(1)\n`;
  await home.ok(['app', 'new', 'evil']);
  await mkdir(path.join(home.dir, 'evil/app'), { recursive: true });
  await writeFile(path.join(home.dir, 'evil/app/main.py'), main);
  await home.ok(['app', 'push', 'evil']);
  await home.ok(['app', 'activate', 'evil']);
});

afterAll(async () => {
  await up.stop();
  await home.remove();
});

/** Runs a command on a terminal of its own, and gives what that terminal was sent. */
async function onTerminal(args: readonly string[]): Promise<string> {
  const command = [process.execPath, CLI, ...args].map(quoted).join(' ');
  const env = { PATH: process.env['PATH'], HOME: home.dir, TERM: 'xterm-256color' };
  const options = { cwd: home.dir, env };
  return (await runProgram('script', ['-qec', command, '/dev/null'], options)).stdout;
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", String.raw`'\''`)}'`;
}

// oxlint-disable-next-line no-control-regex -- they are what is looked for
const COLOURS = /\u001b\[[0-9;]*m/g;
/** How a line of progress is drawn: to its beginning, erase, hide and show the cursor. */
// oxlint-disable-next-line no-control-regex -- as above
const PROGRESS = /\u001b\[\?25[lh]|\u001b\[[0-2]?K|\u001b\[1?[AG]|\r/g;
// oxlint-disable-next-line no-control-regex -- they are what is looked for
const CONTROLS = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/;

test.each([
  ['job', 'run', '--app', 'evil', '--name', EVIL, '--config', 'maxTaskRetries=0'],
  ['job', 'list'],
  ['job', 'get', 'last'],
  ['job', 'tasks', 'last'],
  ['job', 'logs', 'last'],
  ['job', 'watch', 'last'],
])('of %s %s nothing but colours and progress gets through', async (...args) => {
  const sent = await onTerminal(args);
  expect(sent).toMatch(/red|…/);
  expect(sent).not.toContain('\u001b]');
  expect(sent.replaceAll(COLOURS, '').replaceAll(PROGRESS, '')).not.toMatch(CONTROLS);
});
