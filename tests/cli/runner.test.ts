/** `bytenite runner`: a machine that works for a platform elsewhere, until its token is revoked. */
import { readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { makeHome, type Home, type Running } from './cli.ts';

let home: Home;
let platform: Running;
let url: string;

beforeAll(async () => {
  home = await makeHome();
  platform = home.start(['up', '--port', '0', '--no-runner']);
  await platform.printed('Ctrl-C stops it');
  url = /running at (\S+)/.exec(platform.output())?.[1] ?? '';
});

afterAll(async () => {
  platform.process.kill('SIGTERM');
  await platform.ended();
  await home.remove();
});

it('joins with a token, shows none among its arguments, and ends for good when that is revoked', async () => {
  const token = (await home.ok(['runner', 'token', 'create', 'farm'])).trim();
  const dataDir = path.join(home.dir, 'machine');
  const join = ['runner', '--server', url, '--data-dir', dataDir];
  const runner = home.start([...join, '--token', token, '--name', 'big', '--gpu', 'T4']);
  await runner.printed(/runner .*big@farm.* works for/);
  const shown = await readFile(`/proc/${runner.process.pid}/cmdline`, 'latin1');
  expect(shown).not.toContain(token);
  const kept = path.join(dataDir, 'runner-token');
  expect((await stat(kept)).mode & 0o777).toBe(0o600);
  expect((await readFile(kept, 'utf8')).trim()).toBe(token);
  expect(await home.ok(['runner', 'drain', 'big', '--reason', 'new disk'])).toContain('big@farm');
  expect(await home.ok(['runner', 'list'])).toMatch(/big@farm +drained +0 .* T4 .*new disk/);
  expect(await home.run(['runner', 'remove', 'big'])).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('runner big@farm is connected'),
  });

  await home.ok(['runner', 'token', 'revoke', 'farm']);
  expect(await runner.ended()).toBe(1);
  expect(runner.output()).toContain('the server refuses this runner');
  expect(await home.ok(['runner', 'list'])).toContain('its token was revoked');
  await home.ok(['runner', 'remove', 'big']);
  const again = await home.run(join);
  expect(again).toMatchObject({ code: 1, stderr: expect.stringContaining('invalid runner token') });
});

it('tells what is missing', async () => {
  const stderrOf = async (...args: string[]) => (await home.run(['runner', ...args])).stderr;
  expect(await stderrOf()).toContain('--server says which platform');
  expect(await stderrOf('--server', url)).toContain('a runner token is needed to join');
  expect(await stderrOf('--server', url, '--token', 'x')).toContain(
    '--token is not a runner token',
  );
  expect(await stderrOf('drain', 'nobody')).toContain('there is no runner "nobody"');
});
