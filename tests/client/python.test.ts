/** The Python client's own tests, on a platform. */
import { execFile } from 'node:child_process';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startPlatform, type Platform } from '../support/platform.ts';
import { pushApps } from './components.ts';
import { pushWordCount } from './word-count.ts';

const TESTS = path.join(import.meta.dirname, 'test_python_client.py');
const CLIENT = path.resolve(import.meta.dirname, '../../clients/python');
const PYTHON = process.env['BYTENITE_TEST_PYTHON'] ?? 'python3';
const LIMIT_MS = 170_000;

let platform: Platform;

beforeAll(async () => {
  platform = await startPlatform();
  await pushWordCount(platform);
  await pushApps(platform);
});

afterAll(() => platform?.close());

it(
  'the Python client passes its tests',
  async () => {
    const env = {
      ...process.env,
      BYTENITE_TEST_URL: platform.url,
      BYTENITE_TEST_KEY: platform.apiKey,
      PYTHONPATH: CLIENT,
      PYTHONDONTWRITEBYTECODE: '1',
    };
    const options = { env, timeout: LIMIT_MS, maxBuffer: 16 * 1024 * 1024 };
    const { stderr } = await promisify(execFile)(PYTHON, [TESTS], options);
    expect(stderr).toMatch(/^OK$/m);
    expect(Number(/Ran (\d+) tests/.exec(stderr)?.[1])).toBeGreaterThan(15);
  },
  LIMIT_MS + 10_000,
);
