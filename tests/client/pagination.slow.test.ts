/** Lists of thousands. */
import { execFile } from 'node:child_process';
import path from 'node:path';
import { promisify } from 'node:util';
import { createClient, type Client } from '@bytenite/client';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startPlatform, type Platform } from '../support/platform.ts';

const MANY = 2500;
const AT_ONCE = 20;
const PYTHON = process.env['BYTENITE_TEST_PYTHON'] ?? 'python3';
const LIST = `
import bytenite
for job in bytenite.Client().list_jobs():
    print(job["id"])
`;

let platform: Platform;
let client: Client;
const ids = new Set<string>();

beforeAll(async () => {
  platform = await startPlatform({ runner: false });
  client = createClient({ baseUrl: platform.url, apiKey: platform.apiKey });
  const make = async (i: number) => {
    const name = i % 100 === 0 ? 'hundredth' : 'other';
    ids.add((await client.jobs.create({ app: 'never-run', name })).id);
  };
  for (let i = 0; i < MANY; i += AT_ONCE) {
    await Promise.all(Array.from({ length: AT_ONCE }, (_, k) => make(i + k)));
  }
}, 180_000);

afterAll(() => platform?.close());

it.each([undefined, 1000, 77])('2,500 jobs come once each, in pages of %s', async (limit) => {
  const seen: string[] = [];
  const query = limit === undefined ? {} : { limit };
  for await (const { id } of client.jobs.list(query)) seen.push(id);
  expect(seen).toHaveLength(MANY);
  expect(new Set(seen)).toEqual(ids);
});

it('those that meet a condition come alone', async () => {
  const filters = [{ field: 'name', condition: 'EQ' as const, value: 'hundredth' }];
  const names: string[] = [];
  for await (const { name } of client.jobs.filter({ filters, pagination: { limit: 7 } })) {
    names.push(name);
  }
  expect(names).toEqual(Array.from({ length: MANY / 100 }, () => 'hundredth'));
});

it('they come once each in Python', async () => {
  const env = {
    ...process.env,
    BYTENITE_API_URL: platform.url,
    BYTENITE_API_KEY: platform.apiKey,
    PYTHONPATH: path.resolve(import.meta.dirname, '../../clients/python'),
    PYTHONDONTWRITEBYTECODE: '1',
  };
  const { stdout } = await promisify(execFile)(PYTHON, ['-c', LIST], { env, timeout: 60_000 });
  const seen = stdout.trim().split('\n');
  expect(seen).toHaveLength(MANY);
  expect(new Set(seen)).toEqual(ids);
});
