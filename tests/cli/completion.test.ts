/** Completion in the shells themselves, on a terminal: what a Tab makes of a line. */
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { makeHome, type Home } from './cli.ts';
import { onTerminal, type Step } from './terminal.ts';

const ZSH = process.env['BYTENITE_TEST_ZSH'] ?? '';
const FISH = process.env['BYTENITE_TEST_FISH'] ?? '';

let home: Home;

beforeAll(async () => {
  home = await makeHome();
  await writeFile(path.join(home.dir, 'some-folder.txt'), '');
  for (const shell of ['bash', 'zsh', 'fish']) {
    await writeFile(
      path.join(home.dir, `completion.${shell}`),
      await home.ok(['completion', shell]),
    );
  }
});

afterAll(() => home.remove());

/** Typed with a Tab at the end, and what the line is then. */
const LINES: [typed: string, completed: string][] = [
  ['bytenite sec', 'bytenite secret '],
  ['bytenite app ne', 'bytenite app new '],
  ['bytenite engine new x --ty', 'bytenite engine new x --type '],
  ['bytenite engine new x --type par', 'bytenite engine new x --type partitioner '],
  ['bytenite job get la', 'bytenite job get last '],
  ['bytenite app push som', 'bytenite app push some-folder.txt '],
  ['bytenite --url http://127.0.0.1:9 job canc', 'bytenite --url http://127.0.0.1:9 job canc'],
];

/** Completes each line, puts a mark behind it, and runs it: `bytenite` is a function here that shows its line. */
const STEPS: Step[] = [
  ...LINES.map(([typed], i): Step => ['READY> ', `${typed}\tEND${i}\r`]),
  ['READY> ', 'exit\r'],
];

/** What the function printed, in the order of the lines. */
function shown(stdout: string): string[] {
  return [...stdout.matchAll(/<([^<>]*)END\d>/g)].map(([, line]) => `bytenite ${line}`);
}

async function completedBy(argv: readonly string[]): Promise<string[]> {
  const { stdout } = await onTerminal(home, argv, STEPS);
  const lines = shown(stdout);
  if (lines.length < LINES.length) throw new Error(`the shell showed only this:\n${stdout}`);
  return lines;
}

const COMPLETED = LINES.map(([, completed]) => completed);

it('bash completes commands, options, choices, jobs and files', async () => {
  await writeFile(
    path.join(home.dir, 'bashrc'),
    `PS1='READY> '\nsource ~/completion.bash\nbytenite() { echo "<$*>"; }\n`,
  );
  const argv = ['bash', '--noprofile', '--rcfile', path.join(home.dir, 'bashrc'), '-i'];
  expect(await completedBy(argv)).toEqual(COMPLETED);
});

it.skipIf(!ZSH)('zsh does too', async () => {
  await writeFile(
    path.join(home.dir, '.zshrc'),
    `PS1='READY> '\nautoload -Uz compinit; compinit -u\nsource ~/completion.zsh\nbytenite() { echo "<$*>" }\n`,
  );
  expect(await completedBy([ZSH, '-i'])).toEqual(COMPLETED);
});

it.skipIf(!FISH)('fish does too', async () => {
  await writeFile(
    path.join(home.dir, 'config.fish'),
    `source ~/completion.fish\nfunction fish_prompt; echo -n 'READY> '; end\nfunction bytenite; echo "<$argv>"; end\n`,
  );
  const init = `source ${path.join(home.dir, 'config.fish')}`;
  expect(await completedBy([FISH, '--private', '-i', '-C', init])).toEqual(COMPLETED);
});
