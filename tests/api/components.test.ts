/** Components over the API: deleted while they run, named in every way, refused with all that is wrong. */
import { access, chmod, mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { pack, type Header } from 'tar-stream';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { pushComponent } from '../support/components.ts';
import { startPlatform, until, waitForJob, type Platform } from '../support/platform.ts';
import { createJob, fieldsOf, JOBS, refusal, runJob, send } from './caller.ts';

type Entry = Partial<Header> & { name: string; content?: string };

const DEV = '/v1/dev';

let platform: Platform;

beforeAll(async () => {
  // Its tasks wait for a file of this machine, which the tier `namespace` hides.
  platform = await startPlatform({ runnerArgs: ['--sandbox', 'process'] });
});

afterAll(() => platform.close());

/** Writes a word as its only result. */
const says = (word: string) => `import os
with open(os.path.join(os.environ["TASK_RESULTS_DIR"], "said"), "w") as f:
    f.write("${word}")
`;

async function textOfResult(jobId: string): Promise<string> {
  const { body } = await send(platform, 'GET', `${JOBS}/${jobId}/results`);
  const [{ link }] = body.results as [{ link: string }];
  return (await fetch(link)).text();
}

test('an app that is deleted and pushed again while a job runs: the job ends with the old one', async () => {
  // The partitioner waits, so that no runner has fetched the app before it is deleted.
  const folder = path.join(platform.dir, 'signals');
  await mkdir(folder);
  await chmod(folder, 0o777);
  const started = path.join(folder, 'started');
  const goOn = path.join(folder, 'go-on');
  await pushComponent(platform, {
    name: 'waits',
    type: 'partitioner',
    main: `import os, time
open("${started}", "w").close()
while not os.path.exists("${goOn}"):
    time.sleep(0.02)
open(os.path.join(os.environ["CHUNKS_DIR"], "data_0.bin"), "w").close()
`,
  });
  await pushComponent(platform, { name: 'says', type: 'app', main: says('old') });
  const body = {
    app: 'says',
    partitioner: 'waits',
    dataSource: { dataSourceDescriptor: 'bypass' },
  };
  const job = await createJob(platform, body);
  await runJob(platform, job);
  const appears = async () => ((await access(started).catch(() => 'no')) === 'no' ? null : 1);
  await until(60_000, 'the partitioner to start', appears);

  expect((await send(platform, 'DELETE', `${DEV}/apps/says@1.0`)).body).toMatchObject({ ok: true });
  expect(await refusal(platform, 'GET', `${DEV}/apps/says`)).toBe('404/5 app not found');
  await pushComponent(platform, { name: 'says', type: 'app', main: says('new') });
  const later = await createJob(platform, { app: 'says' });
  await runJob(platform, later);
  await writeFile(goOn, '');
  expect(await waitForJob(platform, job)).toMatchObject({ state: 'JOB_STATE_COMPLETE' });
  expect(await textOfResult(job)).toBe('old');
  await waitForJob(platform, later);
  expect(await textOfResult(later)).toBe('new');
});

test('a version is named in every way of the contract, as it is or escaped', async () => {
  await pushComponent(platform, { name: 'tagged', type: 'app', main: 'first' });
  await pushComponent(platform, { name: 'tagged', type: 'app', main: 'second' });
  const revisionOf = async (tag: string) =>
    (await send(platform, 'GET', `${DEV}/apps/${tag}`)).body.app?.revision as string | undefined;
  const { id } = (await send(platform, 'GET', `${DEV}/apps/tagged`)).body.app as { id: string };
  for (const tag of ['tagged', 'tagged@1', 'tagged@1.0', 'tagged@v1.0', 'tagged%40v1', id]) {
    expect({ tag, revision: await revisionOf(tag) }).toEqual({ tag, revision: '2' });
  }
  expect(await revisionOf('tagged%401.0rev1')).toBe('1');
  expect(await revisionOf('tagged@v1.0rev1')).toBe('1');
  for (const tag of ['tagged@2', 'tagged@1.0rev3', 'tagged@', 'passthrough', 'Tagged', '%00']) {
    expect(await refusal(platform, 'GET', `${DEV}/apps/${tag}`)).toMatch(/^4\d\d/);
  }
  expect(await refusal(platform, 'DELETE', `${DEV}/apps/tagged@1`)).toBe(
    '400/3 tag tagged@1 must be an exact version, such as tagged@1.2, or an id',
  );
});

describe('a push is refused with 400/3 and nothing is stored', () => {
  async function archive(entries: readonly Entry[]): Promise<string> {
    const packer = pack();
    for (const { content = '', ...header } of entries) packer.entry(header, content);
    packer.finalize();
    const parts: Buffer[] = [];
    for await (const part of packer as AsyncIterable<Buffer>) parts.push(part);
    return Buffer.concat(parts).toString('base64');
  }
  const manifest = (more: object = {}) => ({
    name: 'manifest.json',
    content: JSON.stringify({
      name: 'refused',
      version: '0.1',
      platform_config: { container: 'c' },
      ...more,
    }),
  });
  const main = { name: 'app/main.py' };

  test.each<[string, Entry[], string[]]>([
    ['a path with ..', [manifest(), main, { name: '../x' }], ['data']],
    ['an absolute path', [manifest(), main, { name: '/x' }], ['data']],
    ['a link', [manifest(), main, { name: 'x', type: 'symlink', linkname: '/' }], ['data']],
    ['a device', [manifest(), main, { name: 'x', type: 'block-device' }], ['data']],
    ['no version', [manifest({ version: null }), main], ['manifest.json version']],
    [
      'a manifest that is no JSON',
      [{ name: 'manifest.json', content: '{"name":' }],
      ['manifest.json'],
    ],
    [
      'two spellings that differ',
      [manifest({ deviceRequirements: { minCpu: 1, MINCPU: 2 } }), main],
      ['manifest.json deviceRequirements.minCpu'],
    ],
    [
      'everything at once',
      [
        manifest({ name: 'a b', version: 1, platform_config: {} }),
        { name: '/x' },
        { name: 'schema.json', content: '[]' },
      ],
      [
        'data',
        'manifest.json platform_config.container',
        'manifest.json name',
        'manifest.json version',
        'manifest.json entrypoint',
        'schema.json',
      ],
    ],
  ])('%s', async (_, entries, fields) => {
    const reply = await send(platform, 'POST', `${DEV}/apps`, { data: await archive(entries) });
    expect(reply).toMatchObject({ status: 400, body: { code: 3 } });
    expect(fieldsOf(reply)).toEqual(fields);
    expect(await refusal(platform, 'GET', `${DEV}/apps/refused`)).toBe('404/5 app not found');
  });
});
