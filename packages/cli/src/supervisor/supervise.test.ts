import { readFileSync } from 'node:fs';
import { readdir, readFile, rm, stat } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { findLocalPlatform } from '../platform/local-platform.ts';
import { tempFolder } from '../testing/temp-folder.ts';
import { waitFor } from '../testing/wait-for.ts';
import { openWorkDir } from './work-dir.ts';
import { supervise, type UpOptions } from './supervise.ts';

const FAKE = path.join(import.meta.dirname, 'testing/fake-child.js');

vi.setConfig({ testTimeout: 30_000 });

let dataDir: string;

beforeEach(async () => {
  const home = await tempFolder();
  dataDir = path.join(home, 'data');
  vi.stubEnv('HOME', home);
  vi.stubEnv('FAKE_CHILD_LOG', path.join(home, 'children.log'));
  // Started as root, the runner works outside of the data directory.
  const workDir = openWorkDir(dataDir);
  onTestFinished(() => rm(workDir, { recursive: true, force: true }));
});

afterEach(() => void vi.unstubAllEnvs());

interface Up {
  notices: string[];
  /** Its address once it is ready. */
  url: Promise<string>;
  ended: Promise<void>;
  stop: () => void;
  force: () => void;
}

/** Runs a supervisor in this process, with real children. */
function startUp(options: Partial<UpOptions> = {}): Up {
  const stop = new AbortController();
  const force = new AbortController();
  const notices: string[] = [];
  let ready: (url: string) => void = () => undefined;
  const url = new Promise<string>((resolve) => (ready = resolve));
  const ended = supervise(
    {
      dataDir,
      host: '127.0.0.1',
      port: 0,
      serverArgs: [],
      runnerArgs: [],
      shown: undefined,
      logLevel: undefined,
      programs: { server: FAKE, runner: FAKE },
      ...options,
    },
    { ready, notice: (text) => notices.push(text) },
    { stop: stop.signal, force: force.signal },
  );
  ended.catch(() => undefined); // looked at by those tests that expect it
  onTestFinished(async () => {
    force.abort();
    stop.abort();
    await ended.catch(() => undefined);
  });
  return { notices, url, ended, stop: () => stop.abort(), force: () => force.abort() };
}

/** What the children noted, without their pids. */
function story(): string[] {
  return notes().map((line) => line.split(' ').slice(0, 2).join(' '));
}

function notes(): string[] {
  const file = process.env['FAKE_CHILD_LOG'] ?? '';
  return readFileSync(file, 'utf8').trim().split('\n');
}

function pidOf(name: string): number {
  return Number(
    notes()
      .findLast((line) => line.startsWith(`${name} started`))
      ?.split(' ')[2],
  );
}

function timesStarted(name: string): number {
  return story().filter((line) => line === `${name} started`).length;
}

describe('a platform that runs', () => {
  it('is found by commands, and no longer once it stopped', async () => {
    const up = startUp();
    const url = await up.url;
    expect(await (await fetch(url)).text()).toBe('ok');
    expect(await findLocalPlatform(undefined)).toMatchObject({ dataDir, url, pid: process.pid });
    up.stop();
    await up.ended;
    expect(await findLocalPlatform(undefined)).toBeUndefined();
    expect(await findLocalPlatform(dataDir)).toBeUndefined();
    expect(await readdir(dataDir)).not.toContain('up.lock');
  });

  it('stops the runner before the server', async () => {
    const up = startUp();
    await up.url;
    up.stop();
    await up.ended;
    expect(story().slice(-2)).toEqual(['runner ended-stopped', 'server ended-stopped']);
  });

  it('keeps its files to its owner', async () => {
    const up = startUp();
    await up.url;
    const mode = async (name: string) => (await stat(path.join(dataDir, name))).mode & 0o777;
    expect(await mode('.')).toBe(0o700);
    expect(await mode('runner-token')).toBe(0o600);
    expect(await mode('run.json')).toBe(0o600);
    expect(await readFile(path.join(dataDir, 'runner-token'), 'utf8')).toMatch(/^[\w-]{43}\n$/);
  });

  it('starts a child again that ended, on the same port', async () => {
    const up = startUp();
    const url = await up.url;
    process.kill(pidOf('server'), 'SIGKILL');
    await waitFor('another server', () => timesStarted('server') === 2);
    await waitFor('its answer', () => fetch(url).then(Boolean, () => false));
    expect(up.notices.join()).toMatch(
      /server ended \(signal SIGKILL\); starting it again in 0\.2 s/,
    );
    expect(timesStarted('runner')).toBe(1);
  });

  it('waits longer before each further start', async () => {
    const up = startUp();
    await up.url;
    for (let starts = 1; starts <= 3; starts += 1) {
      await waitFor('the runner', () => timesStarted('runner') === starts);
      process.kill(pidOf('runner'), 'SIGKILL');
    }
    await waitFor('notices', () => up.notices.length === 3);
    expect(up.notices.map((text) => /again in ([\d.]+) s/.exec(text)?.[1])).toEqual([
      '0.2',
      '0.4',
      '0.8',
    ]);
  });

  it('can be a server without a runner', async () => {
    const up = startUp({ runnerArgs: undefined });
    await up.url;
    expect(story()).toEqual(['server started']);
  });

  it('hands the runner a token by file, and no key by environment', async () => {
    vi.stubEnv('BYTENITE_API_KEY', 'preset-key');
    const up = startUp();
    await up.url;
    const environ = (name: string) => readFileSync(`/proc/${pidOf(name)}/environ`, 'utf8');
    const token = (await readFile(path.join(dataDir, 'runner-token'), 'utf8')).trim();
    expect(environ('server')).toContain('preset-key');
    expect(environ('runner')).not.toContain('preset-key');
    for (const name of ['server', 'runner']) {
      const cmdline = readFileSync(`/proc/${pidOf(name)}/cmdline`, 'utf8');
      expect(environ(name) + cmdline).not.toContain(token);
    }
  });
});

describe('a platform that cannot start', () => {
  it('says what its child said, and leaves nothing running', async () => {
    vi.stubEnv('FAKE_CHILD', 'server-fails');
    const up = startUp();
    await expect(up.ended).rejects.toMatchObject({
      message: 'the server did not start (exit code 1)',
      why: expect.arrayContaining(['cannot go on: the reason']) as string[],
    });
    expect(story()).not.toContain('runner ended-orphaned');
    expect(await readdir(dataDir)).not.toContain('up.lock');
  });

  it('says that the port is in use', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => other.once('listening', resolve));
    onTestFinished(() => void other.close());
    const { port } = other.address() as AddressInfo;
    await expect(startUp({ port }).ended).rejects.toThrow(`port ${port} of 127.0.0.1 is in use`);
  });

  it('says who has the data directory', async () => {
    const first = startUp();
    const url = await first.url;
    await expect(startUp().ended).rejects.toThrow(
      `another bytenite is running on ${dataDir} (pid ${process.pid}, ${url})`,
    );
    expect(await (await fetch(url)).text()).toBe('ok');
  });
});

describe('a shutdown', () => {
  it('that is forced kills what does not end', async () => {
    vi.stubEnv('FAKE_CHILD', 'runner-ignores-stop server-ignores-stop');
    const up = startUp();
    await up.url;
    const pids = [pidOf('runner'), pidOf('server')];
    up.stop();
    up.force();
    await up.ended;
    for (const pid of pids) expect(() => process.kill(pid, 0)).toThrow('ESRCH');
  });
});

it('keeps the log of the start before', async () => {
  for (let starts = 0; starts < 2; starts += 1) {
    const up = startUp();
    await up.url;
    up.stop();
    await up.ended;
  }
  const logs = await readdir(path.join(dataDir, 'logs'));
  expect(logs.toSorted()).toEqual(
    ['runner', 'server', 'up'].flatMap((name) => [`${name}.log`, `${name}.log.1`]),
  );
  const log = await readFile(path.join(dataDir, 'logs/server.log'), 'utf8');
  expect(log).toBe('{"msg":"server speaks"}\n');
});
