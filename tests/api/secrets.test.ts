/** Secrets: what a task is given of them, and what is seen of them anywhere else (contract 3, 8.2, 8.5). */
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { pushComponent } from '../support/components.ts';
import { startPlatform, waitForJob, type Platform } from '../support/platform.ts';
import { createJob, JOBS, runJob, send } from './caller.ts';

let platform: Platform;

const KEY = 'Pa55/phrase+with "signs" & spaces';

/** Writes what it was given, and prints it in many ways. */
const MAIN = `import base64, json, os, sys, urllib.parse
key = os.environ["media-store"]
given = {name: value for name, value in os.environ.items() if "media" in name}
given["SECRETS"] = json.loads(os.environ["SECRETS"])
with open(os.path.join(os.environ["TASK_RESULTS_DIR"], "given.json"), "w") as f:
    json.dump(given, f)
print(key)
print(os.environ["SECRETS"])
print("https://host/?key=" + urllib.parse.quote(key), urllib.parse.urlencode({"key": key}))
print("Basic", base64.b64encode(("user:" + key).encode()).decode())
print(base64.urlsafe_b64encode(key.encode()).decode())
os.write(1, key[:9].encode())
os.write(1, key[9:].encode() + b"\\n")
print("x" * 65530 + key)
print(key, file=sys.stderr)
print("the end")
sys.exit(int(os.environ["APP_PARAMS"] != "{}"))
`;

beforeAll(async () => {
  platform = await startPlatform();
  const secret = {
    id: 'media-store',
    secretType: 'aws',
    accessKey: 'ACCESS0001',
    expiresAt: null,
    params: { end_point: 'https://s3' },
    name: 'Media store',
  };
  await platform.call('POST', '/v1/auth/secrets', { secret, secretKey: KEY });
  const manifest = { platform_config: { container: 'python:3.12', secrets: 'media-store' } };
  await pushComponent(platform, { name: 'leaky', type: 'app', main: MAIN, manifest });
});

afterAll(() => platform.close());

test('a secret is listed without its key', async () => {
  const { text, body } = await send(platform, 'GET', '/v1/auth/secrets');
  expect(body).toEqual({
    secrets: [
      {
        id: 'media-store',
        secretType: 'aws',
        accessKey: 'ACCESS0001',
        expiresAt: null,
        params: { end_point: 'https://s3' },
        name: 'Media store',
      },
    ],
  });
  expect(text).not.toContain('Pa55');
});

test('a task is given it, and no line shows it in any form', async () => {
  const id = await createJob(platform, { app: 'leaky' });
  await runJob(platform, id);
  expect(await waitForJob(platform, id)).toMatchObject({ state: 'JOB_STATE_COMPLETE' });
  const { body } = await send(platform, 'GET', `${JOBS}/${id}/results`);
  const { link } = (body as { results: { link: string }[] }).results[0] ?? { link: '' };
  const variables = (name: string) => ({
    [name]: KEY,
    [`${name}_ACCESS_KEY`]: 'ACCESS0001',
    [`${name}_SECRET_KEY`]: KEY,
  });
  expect(await (await fetch(link)).json()).toEqual({
    ...variables('media-store'),
    ...variables('media_store'),
    SECRETS: [
      {
        id: 'media-store',
        secretType: 'aws',
        expiresAt: null,
        accessKey: 'ACCESS0001',
        params: { end_point: 'https://s3' },
        name: 'Media store',
        secretKey: KEY,
      },
    ],
  });
  const logs = await linesOf(id);
  expect(logs).toContain('the end');
  for (const line of logs) {
    expect(line).not.toMatch(/Pa55|phrase|ACCESS0001|UGE1NS9|GE1NS9waHJhc2|BhNTUv/);
  }
  expect(logs.filter((line) => line === '***')).toHaveLength(4);
});

test('the error of a failed task does not show it either', async () => {
  const app = { fail: true };
  const id = await createJob(platform, {
    app: 'leaky',
    params: { app },
    config: { maxTaskRetries: 0 },
  });
  await runJob(platform, id);
  const job = await waitForJob(platform, id);
  expect(job).toMatchObject({ state: 'JOB_STATE_FAILED', failureReason: 'TASK_FAILED' });
  expect(job.errorMessage).toContain('***');
  expect(JSON.stringify(job)).not.toContain('Pa55');
});

test('it is in no file of the platform as it was written', async () => {
  for (const entry of await readdir(platform.dataDir, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile() || entry.name === 'given.json') continue;
    const file = path.join(entry.parentPath, entry.name);
    // The job's own result, which its app wrote, lies in a pack.
    if (file.includes('/packs/')) continue;
    expect({ file, holds: (await readFile(file)).includes(KEY) }).toEqual({ file, holds: false });
  }
});

async function linesOf(jobId: string): Promise<string[]> {
  const { body } = await send(platform, 'POST', '/v1/customer/logs', { jobId });
  const { taskrunner } = body as { taskrunner: Record<string, { logs: { log: string }[] }> };
  return Object.values(taskrunner).flatMap(({ logs }) => logs.map(({ log }) => log));
}
