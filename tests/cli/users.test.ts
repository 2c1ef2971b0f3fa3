/** Users and keys from the command line, against a platform that `up` runs. */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeHome, startUp, type Home, type Up } from './cli.ts';

let home: Home;
let up: Up;

beforeAll(async () => {
  home = await makeHome();
  up = await startUp(home, ['--allow-shared-process-tier']);
});

afterAll(async () => {
  await up.stop();
  await home.remove();
});

interface ListedKey {
  id: string;
  name: string;
  lastUsedAt: string | null;
}

const listKeys = async (...args: string[]) =>
  JSON.parse(await home.ok(['key', 'list', '--json', ...args])) as ListedKey[];
const as = (key: string) => ({ env: { BYTENITE_API_KEY: key, BYTENITE_API_URL: up.url } });

describe('a key', () => {
  it('is alone on stdout, works, and is listed with its last use', async () => {
    const { code, stdout, stderr } = await home.run(['key', 'create', 'ci', '--expires', '90d']);
    expect({ code, stdout }).toEqual({ code: 0, stdout: expect.stringMatching(/^[\w-]{43}\n$/) });
    expect(stderr).toMatch(
      /^API key ci, until .*\. It is shown this once; revoke it with: bytenite key revoke /,
    );
    expect(await home.ok(['job', 'list'], as(stdout.trim()))).toContain('No jobs yet');
    const key = (await listKeys()).find(({ name }) => name === 'ci');
    expect(key?.lastUsedAt).toMatch(/Z$/);
    const table = await home.ok(['key', 'list']);
    expect(table).toMatch(/^ID +NAME +FINGERPRINT +STATE +ISSUED +EXPIRES +LAST USED$/m);
    expect(table).not.toContain(stdout.trim());
  });

  it('that is revoked is refused, and listed only with --all', async () => {
    const { token, apiKey } = JSON.parse(await home.ok(['key', 'create', 'gone', '--json'])) as {
      token: string;
      apiKey: { id: string };
    };
    expect(await home.ok(['key', 'revoke', apiKey.id])).toBe(`Revoked API key ${apiKey.id}\n`);
    await home.ok(['key', 'revoke', apiKey.id]);
    const { code, stderr } = await home.run(['job', 'list'], as(token));
    expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringContaining('invalid token') });
    expect((await listKeys()).map(({ id }) => id)).not.toContain(apiKey.id);
    expect((await listKeys('--all')).map(({ id }) => id)).toContain(apiKey.id);
    expect(await home.ok(['key', 'list', '--all'])).toMatch(/gone .* revoked/);
  });

  it('that is not there is said to be missing', async () => {
    const { code, stderr } = await home.run(['key', 'revoke', 'no-such']);
    expect({ code, stderr }).toEqual({
      code: 1,
      stderr: expect.stringContaining('api key not found'),
    });
  });
});

describe('a user', () => {
  it('is made, given a key, disabled and let in again', async () => {
    expect(await home.ok(['user', 'create', 'ada', '--email', 'ada@example.org'])).toBe(
      'Created user ada. Give it a key: bytenite key create NAME --user ada\n',
    );
    expect(await home.ok(['user', 'list'])).toMatch(/^ada +user +enabled +ada@example.org /m);
    const key = (await home.ok(['key', 'create', 'first', '--user', 'ada'])).trim();
    expect(await home.ok(['job', 'list'], as(key))).toContain('No jobs yet');
    expect((await listKeys('--user', 'ada')).map(({ name }) => name)).toEqual(['first']);

    expect(await home.ok(['user', 'disable', 'ada'])).toBe('Disabled user ada\n');
    const refused = await home.run(['job', 'list'], as(key));
    expect(refused).toMatchObject({ code: 1, stderr: expect.stringContaining('invalid token') });
    expect(await home.ok(['user', 'enable', 'ada'])).toBe('Enabled user ada\n');
    await home.ok(['job', 'list'], as(key));

    const [listed] = await listKeys('--user', 'ada');
    await home.ok(['key', 'revoke', listed?.id ?? '', '--user', 'ada']);
    expect((await home.run(['job', 'list'], as(key))).code).toBe(1);
  });

  it('who is no administrator manages keys of its own and no users', async () => {
    const user = JSON.parse(await home.ok(['user', 'create', 'bob', '--json'])) as object;
    expect(user).toMatchObject({ userName: 'bob', role: 'ROLE_USER', disabled: false });
    const key = (await home.ok(['key', 'create', 'first', '--user', 'bob'])).trim();
    await home.ok(['key', 'create', 'second'], as(key));
    const { code, stderr } = await home.run(['user', 'list'], as(key));
    expect(code).toBe(1);
    expect(stderr).toContain('this needs an administrator (ROLE_ADMIN)');
    expect(stderr).toContain("use an administrator's key");
  });

  it('whose name is taken, unknown, or the last administrator is explained', async () => {
    const fails = async (...args: string[]) => {
      const { code, stderr } = await home.run(['user', ...args]);
      expect(code).toBe(1);
      return stderr;
    };
    await home.ok(['user', 'create', 'grace']);
    expect(await fails('create', 'Grace')).toContain('userName Grace is taken');
    expect(await fails('create', 'no spaces')).toContain('userName must be');
    expect(await fails('disable', 'nobody')).toMatch(/no user "nobody"[\s\S]*bytenite user list/);
    expect(await fails('disable', 'admin')).toContain('admin is the last enabled administrator');
  });
});

it('a platform with several users does not start in the process tier unasked, and says how', async () => {
  await up.stop();
  const { code, stderr } = await home.run(['up', '--port', '0', '--sandbox', 'process']);
  expect(code).toBe(1);
  expect(stderr).toContain('the runner did not start');
  expect(stderr).toMatch(/process tier does not keep the \d users of this platform apart/);
  expect(stderr).toContain('--allow-shared-process-tier');
  up = await startUp(home, ['--sandbox', 'process', '--allow-shared-process-tier']);
  expect(await home.ok(['user', 'list'])).toContain('ada');
});

it('a second user is refused where the operator did not allow it', async () => {
  const other = await makeHome();
  const alone = await startUp(other, ['--sandbox', 'process']);
  try {
    const { code, stderr } = await other.run(['user', 'create', 'ada']);
    expect(code).toBe(1);
    expect(stderr).toMatch(/a second user is refused.*--allow-shared-process-tier/);
    expect(await other.ok(['user', 'list', '--json'])).not.toContain('ada');
    const key = await readFile(path.join(other.dir, '.bytenite/api-key'), 'utf8');
    expect(key.trim()).toMatch(/^[\w-]{43}$/);
  } finally {
    await alone.stop();
    await other.remove();
  }
});
