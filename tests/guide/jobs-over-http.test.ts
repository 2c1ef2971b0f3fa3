/** The jobs guide as written: its Python blocks run in order, with only origin, key and source replaced. */
import { execFile } from 'node:child_process';
import { createServer, type Server } from 'node:http';
import { readFile, writeFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { pushComponent } from '../support/components.ts';
import { startPlatform, waitForJob, type Platform } from '../support/platform.ts';

const GUIDES = [path.resolve(import.meta.dirname, '../../docs/guide/jobs.md')];
if (process.env['BYTENITE_GUIDE']) GUIDES.push(path.resolve(process.env['BYTENITE_GUIDE']));
const PYTHON = process.env['BYTENITE_TEST_PYTHON'] ?? '/usr/bin/python3';
const SOURCE_URL = 'https://storage.googleapis.com/my-public-bucket/my-input-file.txt';

const PARTITIONER = `
import json, os
count = json.loads(os.environ["PARTITIONER_PARAMS"])["numImages"]
source = os.listdir(os.environ["SOURCE_DIR"])
for i in range(count):
    with open(os.path.join(os.environ["CHUNKS_DIR"], f"data_{i}.bin"), "w") as f:
        f.write(f"{source[0]} {i}")
`;
const APP = `
import json, os
prompt = json.loads(os.environ["APP_PARAMS"])["prompt"]
chunk = open(os.path.join(os.environ["TASK_DIR"], "data.bin")).read()
print("drawing", prompt)
with open(os.path.join(os.environ["TASK_RESULTS_DIR"], "image.txt"), "w") as f:
    f.write(f"{prompt} {chunk}")
`;
const ASSEMBLER = `
import json, os
extension = json.loads(os.environ["ASSEMBLER_PARAMS"])["outExtension"]
results = os.environ["TASK_RESULTS_DIR"]
for name in sorted(os.listdir(results)):
    with open(os.path.join(results, name)) as f, open(os.path.join(os.environ["OUTPUT_DIR"], name[:-4] + "." + extension), "w") as out:
        out.write(f.read())
`;

let platform: Platform;
let files: Server;

beforeAll(async () => {
  platform = await startPlatform();
  files = createServer((_, response) => response.end('the source')).listen(0, '127.0.0.1');
  const prefix = 'img-gen';
  await pushComponent(platform, {
    name: `${prefix}-split`,
    type: 'partitioner',
    main: PARTITIONER,
  });
  await pushComponent(platform, { name: `${prefix}-app`, type: 'app', main: APP });
  await pushComponent(platform, { name: `${prefix}-join`, type: 'assembler', main: ASSEMBLER });
  await platform.call('POST', '/v1/dev/templates', {
    id: 'img-gen-diffusers',
    app: `${prefix}-app`,
    partitioner: `${prefix}-split`,
    assembler: `${prefix}-join`,
  });
});

afterAll(async () => {
  files?.close();
  await platform?.close();
});

function pythonBlocks(markdown: string): string[] {
  return [...markdown.matchAll(/```python\n([\s\S]*?)```/g)].map((match) => match[1] ?? '');
}

test.each(GUIDES)('the Python blocks of %s run a job to its end', async (guide) => {
  const blocks = pythonBlocks(await readFile(guide, 'utf8'));
  expect(blocks.length).toBeGreaterThanOrEqual(5);
  const sourceUrl = `http://127.0.0.1:${(files.address() as AddressInfo).port}/my-input-file.txt`;
  const script = [...blocks, 'print("JOB", jobId)', 'response.raise_for_status()']
    .join('\n')
    .replaceAll('https://api.bytenite.com', platform.url)
    .replaceAll(/"apiKey": "[^"]*"/g, JSON.stringify({ apiKey: platform.apiKey }).slice(1, -1))
    .replaceAll(SOURCE_URL, sourceUrl);
  const file = path.join(platform.dir, 'guide.py');
  await writeFile(file, script);
  const { stdout } = await promisify(execFile)(PYTHON, [file], { timeout: 60_000 });
  const jobId = /JOB (\S+)/.exec(stdout)?.[1] ?? '';

  const job = await waitForJob(platform, jobId);
  expect(job).toMatchObject({ state: 'JOB_STATE_COMPLETE', numChunks: 20, errorMessage: '' });
  expect(job['config']).toMatchObject({ taskTimeout: 3600, jobTimeout: 86_400, isTestJob: true });
  const { results } = await platform.call<{ results: { name: string; link: string }[] }>(
    'GET',
    `/v1/customer/jobs/${jobId}/results`,
  );
  expect(results.map(({ name }) => name)).toContain('image_7.jpeg');
  expect(results).toHaveLength(20);
  const seventh = results.find(({ name }) => name === 'image_7.jpeg');
  const download = await fetch(seventh?.link ?? '');
  expect(download.status).toBe(200);
  expect(await download.text()).toBe('A beautiful sunset over the jungle my-input-file.txt 7');
});
