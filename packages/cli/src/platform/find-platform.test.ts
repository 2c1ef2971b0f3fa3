import { mkdir, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { tempFolder } from '../testing/temp-folder.ts';
import { credentialsFile, writeCredentials } from './credentials.ts';
import { findPlatform, type GlobalOptions } from './find-platform.ts';
import { announcePlatform, withdrawPlatform } from './local-platform.ts';

const CREDENTIALS = {
  apiUrl: 'https://far.example.org',
  accessToken: 'token',
  refreshToken: 'key',
  expiresAt: '2026-01-01T00:00:00Z',
};
const LOCAL_URL = 'http://127.0.0.1:4280';

beforeEach(async () => {
  vi.stubEnv('HOME', await tempFolder());
  for (const name of ['API_URL', 'API_KEY', 'DATA_DIR']) vi.stubEnv(`BYTENITE_${name}`, '');
});

afterEach(() => void vi.unstubAllEnvs());

/** What a running `up` leaves for commands to find. */
async function announce(dataDir: string, pid: number, url = LOCAL_URL): Promise<void> {
  await mkdir(dataDir, { recursive: true });
  await announcePlatform({ dataDir, pid, url, startedAt: '' });
  await writeFile(path.join(dataDir, 'api-key'), `key of ${url}\n`);
}

function home(...names: string[]): string {
  return path.join(process.env['HOME'] ?? '', ...names);
}

async function find(options: GlobalOptions = {}) {
  const { baseUrl, login } = await findPlatform(options);
  return { baseUrl, login };
}

describe('the platform of a command', () => {
  it('is the one of the flags, then of the environment, then of auth, then a local one', async () => {
    await announce(home('.bytenite'), process.pid);
    expect(await find()).toMatchObject({ baseUrl: LOCAL_URL });
    await writeCredentials(CREDENTIALS);
    expect(await find()).toMatchObject({ baseUrl: CREDENTIALS.apiUrl });
    vi.stubEnv('BYTENITE_API_URL', 'https://env.example.org/');
    expect(await find()).toMatchObject({ baseUrl: 'https://env.example.org' });
    expect(await find({ url: 'http://flag:1/base/' })).toMatchObject({
      baseUrl: 'http://flag:1/base',
    });
  });

  it('is named by a data directory as well', async () => {
    await writeCredentials(CREDENTIALS);
    await announce(home('other'), process.pid, 'http://127.0.0.1:9');
    const login = { apiKey: 'key of http://127.0.0.1:9' };
    expect(await find({ dataDir: home('other') })).toEqual({
      baseUrl: 'http://127.0.0.1:9',
      login,
    });
    vi.stubEnv('BYTENITE_DATA_DIR', home('other'));
    expect(await find()).toEqual({ baseUrl: 'http://127.0.0.1:9', login });
  });

  it('is the most recent one where none runs on the default directory', async () => {
    await announce(home('other'), process.pid, 'http://127.0.0.1:9');
    expect(await find()).toMatchObject({ baseUrl: 'http://127.0.0.1:9' });
    await withdrawPlatform(home('other'));
    await expect(find()).rejects.toThrow('no platform to talk to');
  });

  it('is not one whose process is gone', async () => {
    await announce(home('.bytenite'), 2 ** 22 + 1);
    await expect(find()).rejects.toThrow('no platform to talk to');
  });

  it('has an address that is one', async () => {
    await expect(find({ url: 'localhost:4280' })).rejects.toThrow('is not an address');
  });
});

describe('the login of a command', () => {
  it('is the key of the flags, then of the environment', async () => {
    vi.stubEnv('BYTENITE_API_KEY', 'env key');
    const options = { url: 'http://a:1' };
    expect(await find(options)).toMatchObject({ login: { apiKey: 'env key' } });
    expect(await find({ ...options, apiKey: ' flag key\n' })).toMatchObject({
      login: { apiKey: 'flag key' },
    });
  });

  it('is never sent to another address than the one it is for', async () => {
    await writeCredentials(CREDENTIALS);
    await announce(home('.bytenite'), process.pid);
    expect(await find({ url: 'https://other.example.org' })).toMatchObject({ login: undefined });
    expect(await find({ url: `${CREDENTIALS.apiUrl}/` })).toMatchObject({
      login: { credentials: CREDENTIALS },
    });
    expect(await find({ url: 'http://localhost:4280' })).toMatchObject({
      login: { apiKey: `key of ${LOCAL_URL}` },
    });
  });
});

describe('stored credentials', () => {
  it('are for their owner alone', async () => {
    await writeCredentials(CREDENTIALS);
    expect((await stat(credentialsFile())).mode & 0o777).toBe(0o600);
  });

  it('that are damaged are said to be', async () => {
    await writeCredentials(CREDENTIALS);
    await writeFile(credentialsFile(), '{"apiUrl":');
    await expect(find()).rejects.toThrow('is damaged');
  });
});
