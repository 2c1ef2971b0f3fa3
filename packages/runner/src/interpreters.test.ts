import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { lookingUid, MAX_SLOTS } from './id-range.ts';
import { Interpreters, MissingInterpreterError } from './interpreters.ts';

let dir: string;

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'bytenite-interpreters-'));
});

afterEach(() => rmSync(dir, { recursive: true }));

test('an interpreter is resolved to the real binary behind its links', async () => {
  symlinkSync('/usr/bin/python3', join(dir, 'my-python'));
  const interpreters = new Interpreters(join(dir, 'my-python'), null, '');
  const [python, script] = await interpreters.command('/component', 'main.py');
  expect(python).toMatch(/^\/usr\/bin\/python3\.\d+$/);
  expect(script).toBe('main.py');
});

test("a version manager's shims are passed over", async () => {
  const shims = join(dir, 'shims');
  mkdirSync(shims);
  writeFileSync(join(shims, 'ruby'), '#!/bin/sh\necho /shim/ruby\n');
  chmodSync(join(shims, 'ruby'), 0o755);
  writeFileSync(join(dir, 'ruby'), '#!/bin/sh\necho /real/ruby\n');
  chmodSync(join(dir, 'ruby'), 0o755);
  const interpreters = new Interpreters(null, null, `${shims}:${dir}`);
  const [ruby] = await interpreters.command('/component', 'main.rb');
  expect(ruby).not.toBe('/shim/ruby');
});

test('a file without a known extension is executed itself', async () => {
  const command = await new Interpreters(null, null, '').command('/component', 'bin/run');
  expect(command).toEqual(['/component/bin/run']);
});

test('a script whose name looks like an option is none', async () => {
  const [, script] = await new Interpreters(null, null, '').command('/component', '-c.sh');
  expect(script).toBe('./-c.sh');
});

test('what does not work is said, and asked again the next time', async () => {
  const path = join(dir, 'python');
  writeFileSync(path, '#!/bin/sh\nexit 1\n');
  chmodSync(path, 0o755);
  const interpreters = new Interpreters(path, null, '');
  const failure = interpreters.resolvePython();
  await expect(failure).rejects.toThrow(MissingInterpreterError);
  await expect(failure).rejects.toThrow(`--python does not work: ${path}: Command failed`);
  writeFileSync(path, '#!/bin/sh\necho /found/python\n');
  expect(await interpreters.resolvePython()).toBe('/found/python');
});

test("a Python's folders are asked for again after they could not be told", async () => {
  const path = join(dir, 'python');
  const say = (line: string) => writeFileSync(path, `#!/bin/sh\n${line}\n`, { mode: 0o755 });
  say(`echo ${path}`);
  const interpreters = new Interpreters(path, null, '');
  await interpreters.command('/component', 'main.py');
  say('exit 1');
  await expect(interpreters.foldersOf(path)).rejects.toThrow('Command failed');
  say('echo /opt/python');
  expect(await interpreters.foldersOf(path)).toEqual(['/opt/python']);
});

test('looks as a user of its own: no runner ends it with the tasks of a slot', () => {
  expect(lookingUid(64_000)).toBeGreaterThanOrEqual(64_000 + MAX_SLOTS);
  expect(lookingUid(null)).toBeNull();
});
