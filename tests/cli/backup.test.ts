/** A platform is backed up while its jobs run, restored elsewhere, and goes on there. */
import {
  chmod,
  copyFile,
  mkdir,
  mkdtemp,
  readFile,
  readdir,
  rm,
  stat,
  truncate,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { pushComponent, tarOf } from '../support/components.ts';
import { callerOf, type Platform } from '../support/platform.ts';
import { CLI, makeHome, runProgram, startUp, waitFor, type Home, type Up } from './cli.ts';

const JOBS = '/v1/customer/jobs';
const CHUNKS = 8;
const FILES = 500;
const SECRET_KEY = 'kept-through-a-restore';
const COPY = ['--data-dir', 'copy'];

let home: Home;
/** Tasks look for their gate among the files of this machine, which the tier `namespace` hides. */
const TRUSTED = ['--sandbox', 'process', '--allow-shared-process-tier'];

/** What tasks may look into, whoever they run as. */
let gates: string;
let up: Up;
let restored: Up | undefined;
let userKey: string;
let running: string;
let draft: string;
let backup: string;

const SPLIT = `import os
for i in range(${CHUNKS}):
    open(os.path.join(os.environ["CHUNKS_DIR"], "data_%d.bin" % i), "w").write(str(i))
`;

/** The first chunks are done at once; the others wait for their gate. */
const gated = (gate: string) => `import os, time
chunk = open(os.path.join(os.environ["TASK_DIR"], "data.bin")).read()
while int(chunk) > 1 and not os.path.exists(${JSON.stringify(gate)}):
    time.sleep(0.05)
open(os.path.join(os.environ["TASK_RESULTS_DIR"], chunk + ".txt"), "w").write(chunk)
`;

const TELLER = `import os
open(os.path.join(os.environ["TASK_RESULTS_DIR"], "out.txt"), "w").write(os.environ["keeper_SECRET_KEY"][::-1])
for name in os.listdir(os.environ["USER_CACHE_DIR"]):
    open(os.path.join(os.environ["TASK_RESULTS_DIR"], name), "w").write(open(os.path.join(os.environ["USER_CACHE_DIR"], name)).read())
`;

interface Job {
  id: string;
  state: string;
  taskCounts: Record<string, number>;
}

async function adminOf(platform: Up, dataDir: string): Promise<Platform['call']> {
  const key = await readFile(path.join(home.dir, dataDir, 'api-key'), 'utf8');
  return callerOf(platform.url, key.trim());
}

async function start(call: Platform['call'], body: object): Promise<string> {
  const { job } = await call<{ job: Job }>('POST', JOBS, {
    dataSource: { dataSourceDescriptor: 'bypass' },
    dataDestination: { dataSourceDescriptor: 'bucket' },
    ...body,
  });
  await call('POST', `${JOBS}/${job.id}/run`, {});
  return job.id;
}

async function reached(call: Platform['call'], id: string, isThere: (job: Job) => boolean) {
  let seen = '';
  await waitFor(
    `job ${id}`,
    async () => {
      const { job } = await call<{ job: Job }>('GET', `${JOBS}/${id}`);
      seen = JSON.stringify(job);
      return isThere(job);
    },
    () => seen,
  );
}

const isComplete = ({ state }: Job) => state === 'JOB_STATE_COMPLETE';

beforeAll(async () => {
  home = await makeHome();
  gates = await mkdtemp(path.join(tmpdir(), 'bytenite-gates-'));
  await chmod(gates, 0o755);
  up = await startUp(home, [...TRUSTED]);
  const call = await adminOf(up, '.bytenite');
  const platform = { call } as Platform;
  const secret = { id: 'keeper', secretType: 'other' };
  await call('POST', '/v1/auth/secrets', { secret, secretKey: SECRET_KEY });
  const manifest = { platform_config: { container: 'c', secrets: ['keeper'] } };
  await pushComponent(platform, { name: 'teller', type: 'app', main: TELLER, manifest });
  await pushComponent(platform, { name: 'split', type: 'partitioner', main: SPLIT });
  const main = gated(path.join(gates, 'open'));
  await pushComponent(platform, { name: 'gated', type: 'app', main });
  const ended = await start(call, { app: 'teller', jobId: 'ended' });
  await reached(call, ended, isComplete);
  await writeFile(path.join(home.dir, 'words.txt'), 'kept too');
  await home.ok(['cache', 'put', 'words.txt']);
  ({
    job: { id: draft },
  } = await call<{ job: Job }>('POST', JOBS, { app: 'gated' }));
  const { user } = await call<{ user: { id: string } }>('POST', '/v1/auth/admin/users', {
    userName: 'ada',
    role: 'ROLE_USER',
  });
  ({ token: userKey } = await call<{ token: string }>(
    'POST',
    `/v1/auth/admin/users/${user.id}/api_keys`,
    { name: 'laptop' },
  ));
  running = await start(call, { app: 'gated', partitioner: 'split' });
  await reached(call, running, ({ taskCounts }) => (taskCounts['TASK_STATE_COMPLETED'] ?? 0) >= 2);
});

afterAll(async () => {
  await restored?.stop();
  await up?.stop();
  await home.remove();
  await rm(gates, { recursive: true, force: true });
});

async function stored(dataDir: string): Promise<number> {
  const entries = await readdir(path.join(home.dir, dataDir, 'blobs/objects'), {
    recursive: true,
    withFileTypes: true,
  });
  return entries.filter((entry) => entry.isFile()).length;
}

describe('a platform whose jobs run', () => {
  it('is backed up into one file, for its owner alone', async () => {
    const { code, stdout, stderr } = await home.run(['backup', '.']);
    expect({ code, stdout, stderr }).toMatchObject({ code: 0, stdout: '' });
    expect(stderr).toContain('The master key is inside');
    const name = (await readdir(home.dir)).find((file) => /^bytenite-\d+T\d+Z\.tar$/.test(file));
    backup = path.join(home.dir, name ?? '');
    expect((await stat(backup)).mode & 0o777).toBe(0o600);
    expect(stderr).toContain(backup);
    const content = await readFile(backup, 'latin1');
    const key = await readFile(path.join(home.dir, '.bytenite/api-key'), 'utf8');
    for (const secret of [key.trim(), userKey, SECRET_KEY]) expect(content).not.toContain(secret);
    const masterKey = await readFile(path.join(home.dir, '.bytenite/master-key'), 'utf8');
    expect(content).toContain(masterKey.trim());
    // The snapshot is gone, and the same name is not taken twice.
    expect(await readdir(path.join(home.dir, '.bytenite/backup'))).toEqual([]);
    expect((await home.run(['backup', backup])).stderr).toContain('is there already');
  });

  it('is the one that is backed up, whatever platform this user has signed in to', async () => {
    const env = { BYTENITE_API_URL: 'http://127.0.0.1:9', BYTENITE_API_KEY: 'of-another-platform' };
    const { code, stderr } = await home.run(['backup', 'own.tar'], { env });
    expect({ code, stderr }).toMatchObject({ code: 0 });
  });

  it('goes on elsewhere: results and caches are there, jobs end, secrets open, keys are valid', async () => {
    const said = await home.ok(['restore', backup, ...COPY]);
    expect(said).toMatch(/^Restored \d+ files?, /);
    expect(said).not.toContain('master key');
    expect(await stored('copy')).toBeGreaterThan(5);
    await up.stop();
    await writeFile(path.join(gates, 'open'), '');
    restored = await startUp(home, [...TRUSTED, ...COPY]);
    const call = await adminOf(restored, 'copy');
    await home.ok(['job', 'results', 'ended', '--out', 'out', ...COPY]);
    const reversed = SECRET_KEY.split('').toReversed().join('');
    expect(await readFile(path.join(home.dir, 'out/out.txt'), 'utf8')).toBe(reversed);

    await reached(call, running, isComplete);
    await home.ok(['job', 'results', running, '--out', 'all', ...COPY]);
    const names = await readdir(path.join(home.dir, 'all'));
    expect(names.toSorted()).toEqual(Array.from({ length: CHUNKS }, (_, i) => `${i}.txt`));
    expect(await call('GET', `${JOBS}/${draft}`)).toMatchObject({
      job: { state: 'JOB_STATE_NEW' },
    });

    const again = await start(call, { app: 'teller' });
    await reached(call, again, isComplete);
    await home.ok(['job', 'results', again, '--out', 'again', ...COPY]);
    expect(await readFile(path.join(home.dir, 'again/words.txt'), 'utf8')).toBe('kept too');
    const user = callerOf(restored.url, userKey);
    expect(await user('GET', '/v1/auth/user')).toMatchObject({ user: { userName: 'ada' } });
    const old = await readFile(path.join(home.dir, '.bytenite/api-key'), 'utf8');
    const first = callerOf(restored.url, old.trim());
    expect(await first('GET', '/v1/auth/user')).toMatchObject({ user: { userName: 'admin' } });
  });
});

describe('a platform that is stopped', () => {
  it('is backed up too, through a pipe, and without the master key where that is said', async () => {
    await restored?.stop();
    restored = undefined;
    const command = `"$0" "$1" backup - --without-master-key --data-dir copy > piped.tar`;
    const env = { HOME: home.dir, PATH: process.env['PATH'] };
    const args = ['-c', command, process.execPath, CLI];
    const { code, stderr } = await runProgram('sh', args, { cwd: home.dir, env });
    expect({ code, stderr }).toMatchObject({ code: 0 });
    expect(stderr).toContain('The master key is NOT inside');
    const masterKey = await readFile(path.join(home.dir, 'copy/master-key'), 'utf8');
    const content = await readFile(path.join(home.dir, 'piped.tar'), 'latin1');
    expect(content).not.toContain(masterKey.trim());
    const said = await home.ok(['restore', 'piped.tar', '--data-dir', 'keyless']);
    expect(said).toContain('was not inside');
    await expect(startUp(home, ['--data-dir', 'keyless'])).rejects.toThrow('master-key is missing');
    await copyFile(
      path.join(home.dir, 'copy/master-key'),
      path.join(home.dir, 'keyless/master-key'),
    );
    restored = await startUp(home, ['--data-dir', 'keyless', ...TRUSTED]);
    const call = await adminOf(restored, 'keyless');
    await reached(call, await start(call, { app: 'teller' }), isComplete);
    await restored.stop();
    restored = undefined;
  });

  it('of many files is backed up and restored without a warning', async () => {
    const folder = path.join(home.dir, 'copy/blobs/objects/package');
    for (let i = 0; i < FILES; i++) {
      await writeFile(path.join(folder, `many-${i}`), Buffer.alloc(i % 10 === 0 ? 300_000 : i));
    }
    const written = await home.run(['backup', 'many.tar', ...COPY]);
    expect(written).toMatchObject({ code: 0 });
    const restoring = await home.run(['restore', 'many.tar', '--data-dir', 'many']);
    expect(restoring).toMatchObject({ code: 0 });
    expect(written.stderr + restoring.stderr).not.toMatch(/warning/i);
    expect(await stored('many')).toBe(await stored('copy'));
    expect(await stored('many')).toBeGreaterThan(FILES);
    for (let i = 0; i < FILES; i++) await rm(path.join(folder, `many-${i}`));
  });

  it('whose files are missing is backed up as far as can be, and says which', async () => {
    const [pack] = await packsOf('copy');
    await rm(path.join(home.dir, 'copy/blobs/objects', pack ?? ''));
    const { code, stderr } = await home.run(['backup', 'lacking.tar', ...COPY]);
    expect(code).toBe(1);
    expect(stderr).toContain('1 file that the database names is missing');
    expect(stderr).toContain(pack);
    const restoring = await home.run(['restore', 'lacking.tar', '--data-dir', 'lacking']);
    expect(restoring).toMatchObject({ code: 1 });
    expect(restoring.stderr).toContain(pack);
  });
});

async function packsOf(dataDir: string): Promise<string[]> {
  const objects = path.join(home.dir, dataDir, 'blobs/objects');
  const names = await readdir(objects, { recursive: true });
  return names.filter((name) => /^job\/\d+\/data\/packs\/./.test(name));
}

describe('a restore', () => {
  async function refused(file: string, dataDir = 'refused'): Promise<string> {
    const { code, stderr } = await home.run(['restore', file, '--data-dir', dataDir]);
    expect(code).toBe(1);
    return stderr;
  }

  async function isLeftEmpty(): Promise<void> {
    expect(await readdir(path.join(home.dir, 'refused'))).toEqual([]);
  }

  it('refuses a directory that is not empty, and one that a platform runs on', async () => {
    expect(await refused(backup, 'copy')).toContain('copy is not empty');
    up = await startUp(home, [...TRUSTED]);
    expect(await refused(backup, '.bytenite')).toContain('a platform is running on');
    await up.stop();
  });

  it('of a backup that was cut off leaves nothing', async () => {
    const { size } = await stat(backup);
    for (const part of [0.1, 0.5, 0.95, 1]) {
      await copyFile(backup, path.join(home.dir, 'cut.tar'));
      // The end of a tar is a block and more of zeros.
      await truncate(path.join(home.dir, 'cut.tar'), Math.floor((size - 3072) * part));
      expect(await refused('cut.tar')).toContain('damaged or was cut off');
      await isLeftEmpty();
    }
  });

  it('of a backup with a changed byte names the file and leaves nothing', async () => {
    const content = await readFile(backup);
    const place = content.indexOf('blobs/job/');
    const name = content.subarray(place, content.indexOf(0, place)).toString();
    content[place + 512] = (content[place + 512] ?? 0) ^ 1;
    await writeFile(path.join(home.dir, 'changed.tar'), content);
    expect(await refused('changed.tar')).toContain(`${name} was changed`);
    await isLeftEmpty();
  });

  it('writes nowhere else, whatever a backup says', async () => {
    const header = { format: 'bytenite-backup', version: 1, masterKeyId: null };
    const evil = await tarOf([
      ['backup.json', JSON.stringify(header)],
      ['blobs/../../../escaped', 'x'],
    ]);
    await writeFile(path.join(home.dir, 'evil.tar'), evil);
    expect(await refused('evil.tar')).toContain('which no backup does');
    await isLeftEmpty();
    const later = await tarOf([['backup.json', JSON.stringify({ ...header, version: 99 })]]);
    await writeFile(path.join(home.dir, 'later.tar'), later);
    expect(await refused('later.tar')).toContain('format 99');
    await writeFile(path.join(home.dir, 'other.tar'), await tarOf([['a.txt', 'x']]));
    expect(await refused('other.tar')).toContain('no backup of bytenite');
    expect(await refused('nowhere.tar')).toContain('there is no nowhere.tar');
  });

  it('that was killed keeps a platform from starting on half of its data', async () => {
    const dir = path.join(home.dir, 'killed');
    await mkdir(dir);
    await writeFile(path.join(dir, 'restore-unfinished'), '');
    await expect(startUp(home, ['--data-dir', 'killed'])).rejects.toThrow('was cut off');
    expect(await refused(backup, 'killed')).toContain('was cut off');
  });
});
