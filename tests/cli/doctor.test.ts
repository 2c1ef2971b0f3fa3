/** What \`doctor\` finds on a machine in order, and on one that is not. */
import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { tierHere } from '../support/probe.ts';
import { makeHome, startUp, type Home, type Up } from './cli.ts';

interface Check {
  name: string;
  status: string;
  message: string;
  fix: string;
}

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

async function examine(
  args: readonly string[],
): Promise<{ code: number | null; checks: Map<string, Check> }> {
  const { code, stdout } = await home.run(['doctor', '--json', ...args]);
  const checks = JSON.parse(stdout) as Check[];
  return { code, checks: new Map(checks.map((check) => [check.name, check])) };
}

it('a machine with a running platform is well', async () => {
  const { code, checks } = await examine([]);
  expect(code).toBe(0);
  expect([...checks.keys()]).toEqual([
    'system',
    'node',
    'clock',
    'python3',
    'interpreters',
    'sandbox',
    'network',
    'users',
    'cgroups',
    'data directory',
    'disk',
    'database',
    'platform',
    'platform clock',
    'login',
  ]);
  for (const name of ['node', 'python3', 'data directory', 'platform', 'login']) {
    expect(checks.get(name)).toMatchObject({ status: 'ok', fix: '' });
  }
  const tier = tierHere();
  expect(checks.get('sandbox')).toMatchObject({
    status: tier === 'namespace' ? 'ok' : 'warn',
    message: expect.stringContaining(`tier ${tier}`),
  });
  expect(checks.get('platform')?.message).toContain(up.url);
  // The probe leaves the runner that works here alone.
  await home.ok(['app', 'new', 'still-runs', '--lang', 'sh']);
  await home.ok(['app', 'push', 'still-runs']);
  await home.ok(['app', 'activate', 'still-runs']);
  await home.ok(['job', 'run', '--app', 'still-runs']);
});

it('what is wrong is told with what to do about it, and exit code 1', async () => {
  const { code, stdout, stderr } = await home.run(['doctor', '--url', 'http://127.0.0.1:9']);
  expect(code).toBe(1);
  expect(stdout).toMatch(/^ok {4}node +v\d+/m);
  expect(stdout).toMatch(/^fail +platform +http:\/\/127\.0\.0\.1:9 could not be reached/m);
  expect(stdout).toContain('fix: start it: bytenite up');
  expect(stderr).toContain('1 thing to put right');
});

it('a key that the platform does not accept is found', async () => {
  const { code, checks } = await examine(['--api-key', 'wrong']);
  expect(code).toBe(1);
  expect(checks.get('login')).toMatchObject({ status: 'fail' });
  expect(checks.get('login')?.fix).toContain(`bytenite auth --url ${up.url}`);
});

it('a data directory that others can read is found', async () => {
  const dir = path.join(home.dir, 'open');
  await mkdir(dir);
  await writeFile(path.join(dir, 'api-key'), 'key');
  await chmod(dir, 0o755);
  await chmod(path.join(dir, 'api-key'), 0o644);
  const { code, checks } = await examine(['--data-dir', dir, '--url', up.url]);
  expect(code).toBe(0);
  expect(checks.get('data directory')).toMatchObject({ status: 'warn' });
  expect(checks.get('data directory')?.fix).toContain(`chmod go= '${dir}' '${dir}/api-key'`);
  await writeFile(path.join(home.dir, 'file'), '');
  const wrong = await examine(['--data-dir', path.join(home.dir, 'file/below'), '--url', up.url]);
  expect(wrong.checks.get('data directory')?.message).toContain('file/below');
});

it('a platform whose clock is another is found', async () => {
  const server = createServer((_, response) => {
    response.sendDate = false;
    response.setHeader('date', new Date(Date.now() + 3_600_000).toUTCString());
    response.end(JSON.stringify({ version: { major: 0, minor: 1, tag: '0.0.0' }, messages: [] }));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const { checks } = await examine(['--url', `http://127.0.0.1:${port}`]);
  server.close();
  expect(checks.get('platform clock')?.message).toMatch(/is 3(599|600) s ahead/);
  expect(checks.get('platform')?.message).toContain('has version 0.0.0');
  expect(checks.get('login')?.message).toContain('no API key');
});
