import { once } from 'node:events';
import { mkdir, writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { tempFolder } from '../testing/temp-folder.ts';
import { checkDatabase } from './database.ts';
import { checkDataDir } from './data-dir.ts';
import { checkClock, checkNode } from './machine.ts';
import { skewOf } from './platform.ts';
import { checkProbe } from './runner.ts';

describe('Node', () => {
  it.each([
    ['18.20.0', 'fail'],
    ['20.18.3', 'fail'],
    ['20.19.0', 'ok'],
    ['24.0.0', 'ok'],
  ])('%s: %s', (version, status) => {
    expect(checkNode(version)).toMatchObject({ status });
  });
});

it('a clock before the installation is wrong', async () => {
  expect(await checkClock(Date.now())).toMatchObject({ status: 'ok' });
  expect(await checkClock(0)).toMatchObject({ status: 'fail', message: /^1970-01-01/ });
});

describe("the platform's clock", () => {
  const at = Date.parse('2026-02-03T09:00:00Z');

  it('is told to the second of its answer', () => {
    const date = new Date(at).toUTCString();
    expect(skewOf(date, at + 10, at + 20)).toBe(0);
    expect(skewOf(date, at + 990, at + 1500)).toBe(0);
    expect(skewOf(date, at - 20_000, at - 10_000)).toBe(10_000);
    expect(skewOf(date, at + 20_000, at + 30_000)).toBe(-19_000);
  });

  it('is believed where an answer does not tell it', () => {
    expect(skewOf(null, at, at)).toBe(0);
  });
});

describe('a runner', () => {
  const sandbox = {
    tier: 'namespace',
    reason: 'auto',
    network: 'egress' as const,
    uidBase: 64_000,
    cgroups: 2 as const,
    problems: {},
  };
  const interpreters = { python3: '/usr/bin/python3', sh: '/bin/sh', ruby: null };
  const statuses = (probe: Parameters<typeof checkProbe>[0]) =>
    checkProbe(probe).map(({ name, status }) => `${name} ${status}`);

  it('that has everything is well; an interpreter that is not there is named', () => {
    const checks = checkProbe({ sandbox, interpreters });
    expect(checks.every(({ status }) => status === 'ok')).toBe(true);
    expect(checks.find(({ name }) => name === 'interpreters')?.message).toBe(
      'sh /bin/sh; not here: ruby',
    );
  });

  it('of an ordinary user without cgroups works, and what that means is told', () => {
    const own = {
      ...sandbox,
      tier: 'process',
      network: 'host' as const,
      uidBase: null,
      cgroups: null,
    };
    expect(statuses({ sandbox: own, interpreters })).toEqual([
      'python3 ok',
      'interpreters ok',
      'sandbox ok',
      'network warn',
      'users warn',
      'cgroups warn',
    ]);
  });

  it('of an ordinary user whose tasks see no files of his is well', () => {
    const apart = { ...sandbox, uidBase: null };
    expect(statuses({ sandbox: apart, interpreters })).toContain('users ok');
  });

  it('whose machine gives no namespaces works, and what to do for more is told', () => {
    const weak = { ...sandbox, problems: { host: 'user namespaces: No space left on device' } };
    const check = checkProbe({ sandbox: weak, interpreters }).find((c) => c.name === 'sandbox');
    expect(check).toMatchObject({ status: 'warn' });
    expect(check?.fix).toContain('user.max_user_namespaces');
  });

  it('without Python or a sandbox runs nothing', () => {
    const probe = {
      sandbox: 'there is no python3',
      interpreters: { ...interpreters, python3: null },
    };
    expect(statuses(probe)).toEqual(['python3 fail', 'interpreters ok', 'sandbox fail']);
  });
});

describe('a data directory', () => {
  it('that is not there yet will be made', async () => {
    const dir = path.join(await tempFolder(), 'a/b');
    const [rights, disk] = await checkDataDir(dir);
    expect(rights).toMatchObject({ status: 'ok', message: `${dir}, made at the first start` });
    expect(disk?.message).toContain(`free for ${dir}`);
  });

  it('that is a file is none', async () => {
    const dir = path.join(await tempFolder(), 'file');
    await writeFile(dir, '');
    expect((await checkDataDir(dir))[0]).toMatchObject({ status: 'fail' });
  });

  it('that is closed may hold files with any rights', async () => {
    const dir = path.join(await tempFolder(), 'closed');
    await mkdir(dir, { mode: 0o700 });
    await writeFile(path.join(dir, 'api-key'), '', { mode: 0o644 });
    expect((await checkDataDir(dir))[0]).toMatchObject({ status: 'ok' });
  });
});

describe('the database', () => {
  it('is SQLite unless DATABASE_URL names another', async () => {
    const check = await checkDatabase('/nowhere', undefined);
    expect(check).toMatchObject({
      status: 'ok',
      message: expect.stringMatching(/^SQLite, .*made at/),
    });
  });

  it('is looked for where DATABASE_URL says, and its password is not shown', async () => {
    const listening = createServer();
    listening.listen(0, '127.0.0.1');
    await once(listening, 'listening');
    const { port } = listening.address() as AddressInfo;
    const at = (rest: string) =>
      checkDatabase('/nowhere', `postgres://me:hidden@127.0.0.1:${rest}`);
    const found = await at(`${port}/jobs`);
    expect(found).toMatchObject({ status: 'ok' });
    expect(found.message).toBe(
      `PostgreSQL at 127.0.0.1:${port}/jobs (DATABASE_URL) takes connections`,
    );
    listening.close();
    await once(listening, 'close');
    expect(await at(`${port}/jobs`)).toMatchObject({
      status: 'fail',
      message: expect.stringContaining('ECONNREFUSED'),
    });
    expect(await checkDatabase('/nowhere', `postgres://[::1]:${port}/jobs`)).toMatchObject({
      status: 'fail',
      message: expect.stringMatching(/ECONNREFUSED|EADDRNOTAVAIL|ENETUNREACH|EAFNOSUPPORT/),
    });
    expect(await checkDatabase('/nowhere', 'mysql://here')).toMatchObject({ status: 'fail' });
  });
});
