/** `bytenite up`: starting, being found, surviving, stopping. */
import { existsSync } from 'node:fs';
import { readFile, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { tierHere } from '../support/probe.ts';
import { mountSmallDisk } from '../support/small-disk.ts';
import { childrenOf, commandOf, makeHome, startUp, waitFor, type Home, type Up } from './cli.ts';

let home: Home;
let up: Up | undefined;

beforeEach(async () => {
  home = await makeHome();
});

afterEach(async () => {
  await up?.stop();
  up = undefined;
  await home.remove();
});

function isAlive(pid: number): boolean {
  return commandOf(pid).join('') !== '';
}

/** Every process below, to be looked for when it should be gone. */
function descendantsOf(pid: number): number[] {
  const children = childrenOf({ process: { pid } } as Up);
  return children.flatMap((child) => [child, ...descendantsOf(child)]);
}

describe('up', () => {
  it('is ready, shows the key it made once, and is found by commands', async () => {
    up = await startUp(home);
    expect((await fetch(`${up.url}/readyz`)).status).toBe(200);
    const file = path.join(home.dir, '.bytenite/api-key');
    const key = (await readFile(file, 'utf8')).trim();
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    expect(up.output()).toContain(`${key} (shown this once)`);
    expect(up.output()).toMatch(
      new RegExp(`runner {3}on this machine, sandbox tier ${tierHere()}: \\S`),
    );
    expect(await home.ok(['job', 'list'])).toContain('No jobs yet');

    expect(await up.stop()).toBe(0);
    up = await startUp(home);
    expect(up.output()).not.toContain(key);
  });

  it('takes the key that is preset, and hands it to no other process', async () => {
    up = await startUp(home, [], { BYTENITE_API_KEY: 'preset-key-of-the-operator-0123456789' });
    const key = await readFile(path.join(home.dir, '.bytenite/api-key'), 'utf8');
    expect(key.trim()).toBe('preset-key-of-the-operator-0123456789');
    for (const pid of descendantsOf(up.process.pid ?? 0)) {
      expect(commandOf(pid).join(' ')).not.toContain('preset-key');
      if (commandOf(pid).some((word) => word.includes('server/dist'))) continue;
      expect(await readFile(`/proc/${pid}/environ`, 'utf8')).not.toContain('preset-key');
    }
  });

  it('on another data directory is found too, by name or as the most recent', async () => {
    up = await startUp(home, ['--data-dir', 'elsewhere']);
    expect(await home.ok(['job', 'list'])).toContain('No jobs yet');
    expect(await home.ok(['job', 'list', '--data-dir', 'elsewhere'])).toContain('No jobs yet');
    const { code } = await home.run(['job', 'list', '--data-dir', 'nowhere']);
    expect(code).toBe(1);
  });

  it('says who is running on the data directory', async () => {
    up = await startUp(home);
    const { code, stderr } = await home.run(['up', '--port', '0']);
    expect(code).toBe(1);
    expect(stderr).toContain(
      `another bytenite is running on ${home.dir}/.bytenite (pid ${up.process.pid}, ${up.url})`,
    );
  });

  it('says that its port is in use', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => other.once('listening', resolve));
    const { port } = other.address() as AddressInfo;
    const { code, stderr } = await home.run(['up', '--port', String(port)]);
    other.close();
    expect(code).toBe(1);
    expect(stderr).toContain(`port ${port} of 127.0.0.1 is in use`);
    expect(stderr).toContain(`--port ${port + 1}`);
  });

  it('says that its data directory cannot be made', async () => {
    const { code, stderr } = await home.run(['up', '--port', '0', '--data-dir', '/proc/none']);
    expect(code).toBe(1);
    expect(stderr).toContain('the data directory cannot be used: ENOENT');
  });

  it('says what is wrong when a child cannot start', async () => {
    const { code, stderr } = await home.run(['up', '--port', '0', '--python', '/no/python']);
    expect(code).toBe(1);
    expect(stderr).toContain('the runner did not start');
    expect(stderr).toContain('--python does not work: /no/python');
  });

  it('on an address that others reach does not start in the process tier unasked', async () => {
    const args = [
      'up',
      '--data-dir',
      'reachable',
      '--port',
      '0',
      '--host',
      '0.0.0.0',
      '--sandbox',
      'process',
    ];
    const { code, stderr } = await home.run(args);
    expect(code).toBe(1);
    expect(stderr).toContain('the runner did not start');
    expect(stderr).toMatch(/listens on 0\.0\.0\.0.*process tier.*--allow-shared-process-tier/);
  });

  it('ends with its children at Ctrl-C', async () => {
    up = await startUp(home);
    const pids = descendantsOf(up.process.pid ?? 0);
    expect(pids.length).toBeGreaterThanOrEqual(2);
    up.process.kill('SIGINT');
    expect(await up.ended()).toBe(0);
    await waitFor('all processes to end', () => !pids.some(isAlive));
    const outside = up.workDirs.filter((dir) => !dir.startsWith(home.dir));
    expect(outside.filter((dir) => existsSync(dir))).toEqual([]);
  });

  it('tells its runner how large a cache may be', async () => {
    up = await startUp(home, ['--user-cache', '2GiB']);
    const runner = childrenOf(up).find((pid) => commandOf(pid).includes('--work-dir'));
    expect(commandOf(runner ?? 0).join(' ')).toContain(`--user-cache ${2 * 1024 ** 3} `);
  });

  it('that is killed leaves no process, and the next one takes over', async () => {
    up = await startUp(home);
    const pids = descendantsOf(up.process.pid ?? 0);
    const { url } = up;
    up.process.kill('SIGKILL');
    await up.ended();
    up = await startUp(home, ['--port', new URL(url).port]);
    expect(up.url).toBe(url);
    await waitFor('the orphans to end', () => !pids.some(isAlive));
    expect(await home.ok(['job', 'list'])).toContain('No jobs yet');
  });

  it('starts a server again that was killed', async () => {
    up = await startUp(home);
    const { url } = up;
    const server = childrenOf(up).find((pid) => commandOf(pid).join().includes('server/dist'));
    process.kill(server ?? 0, 'SIGKILL');
    await up.printed('the server ended (signal SIGKILL)');
    await waitFor('another server', () =>
      fetch(`${url}/readyz`).then(
        (r) => r.ok,
        () => false,
      ),
    );
    expect(await home.ok(['job', 'list'])).toContain('No jobs yet');
  });

  it('goes on when its disk is full, and writes again when there is room', async () => {
    const small = await mountSmallDisk(64);
    onTestFinished(() => small.remove());
    if (!small.isMounted) return;
    const dataDir = path.join(small.dir, 'data');
    up = await startUp(home, ['--data-dir', dataDir, '--no-runner']);
    // The next line needs a block of its own.
    const log = path.join(dataDir, 'logs/up.log');
    await truncate(log, 4096);
    const filler = path.join(small.dir, 'filler');
    await expect(writeFile(filler, Buffer.alloc(64 * 1024 ** 2))).rejects.toThrow('ENOSPC');
    const server = childrenOf(up).find((pid) => commandOf(pid).join().includes('server/dist'));
    process.kill(server ?? 0, 'SIGKILL');
    await up.printed('the server ended (signal SIGKILL)');
    await rm(filler);
    const { url } = up;
    await waitFor('another server', () =>
      fetch(`${url}/readyz`).then(
        (r) => r.ok,
        () => false,
      ),
    );
    expect(await up.stop()).toBe(0);
    expect(await readFile(log, 'utf8')).toMatch(/ended unasked[^]*stopped/);
    up = undefined;
  });
});

describe('auth', () => {
  it('stores a login that lasts as long as the key', async () => {
    up = await startUp(home, ['--data-dir', 'elsewhere']);
    const key = (await readFile(path.join(home.dir, 'elsewhere/api-key'), 'utf8')).trim();
    const { url } = up;
    const said = await home.ok(['auth', '--url', url, '--api-key', '-'], { input: `${key}\n` });
    expect(said).toContain(`Signed in to ${url} as `);
    const file = path.join(home.dir, '.config/bytenite-cli/auth-prod.json');
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    const stored = JSON.parse(await readFile(file, 'utf8')) as Record<string, string>;
    expect(Object.keys(stored)).toEqual(['apiUrl', 'accessToken', 'refreshToken', 'expiresAt']);
    expect(await home.ok(['app', 'list'])).toContain('No apps yet');
  });

  it('refuses a key that the platform does not know, and stores nothing', async () => {
    up = await startUp(home);
    const { code, stderr } = await home.run(['auth', '--api-key', 'wrong']);
    expect(code).toBe(1);
    expect(stderr).toContain('does not accept the API key');
    await expect(stat(path.join(home.dir, '.config/bytenite-cli/auth-prod.json'))).rejects.toThrow(
      'ENOENT',
    );
  });
});
