/** `bytenite server`: one server in the foreground, for those who start it themselves. */
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { childrenOf, makeHome, waitFor, type Home } from './cli.ts';

let home: Home;

beforeAll(async () => {
  home = await makeHome();
});

afterAll(() => home.remove());

it('serves until it is told to stop, without a runner', async () => {
  const dataDir = path.join(home.dir, 'data');
  const server = home.start(['server', '--data-dir', dataDir, '--port', '0']);
  await server.printed('Ctrl-C stops it');
  const url = /server at (\S+) \(all/.exec(server.output())?.[1] ?? '';
  expect((await fetch(`${url}/readyz`)).status).toBe(200);
  const children = childrenOf(server);
  expect(children).toHaveLength(1);
  server.process.kill('SIGTERM');
  expect(await server.ended()).toBe(0);
  expect(server.output()).toContain('Stopped.');
});

it('ends with what it started when it is killed', async () => {
  const dataDir = path.join(home.dir, 'data');
  const server = home.start(['server', '--data-dir', dataDir, '--port', '0']);
  await server.printed('Ctrl-C stops it');
  const [child] = childrenOf(server);
  server.process.kill('SIGKILL');
  expect(await server.ended()).toBe('SIGKILL');
  await waitFor('the server to end', () => !isAlive(child ?? 0));
  expect(child).toBeGreaterThan(1);
});

it('tells why it does not start, and ends with exit code 1', async () => {
  const args = ['server', '--data-dir', path.join(home.dir, 'other'), '--role', 'scheduler'];
  const { code, stderr } = await home.run(args);
  expect(code).toBe(1);
  expect(stderr).toContain('--role scheduler needs a PostgreSQL database');
  expect((await home.run(['server', '--role', 'both'])).code).toBe(2);
});

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
