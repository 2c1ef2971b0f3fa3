/** Data directories of earlier versions, as scripts/make-data-dir.js wrote them: each is opened and goes on. */
import { execFileSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { mkdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { makeHome, ROOT, startUp, waitFor, type Home, type Up } from './cli.ts';

const FIXTURES = path.join(ROOT, 'tests/fixtures');
const VERSIONS = readdirSync(FIXTURES).filter((name) => /^data-dir-.+\.tar\.gz$/.test(name));
const DATA = ['--data-dir', 'data'];
/** Their jobs ended long ago. */
const KEEP = { BYTENITE_RETENTION_HOURS: '876000' };

let home: Home;
let up: Up | undefined;

beforeEach(async () => {
  home = await makeHome();
});

afterEach(async () => {
  await up?.stop();
  await home.remove();
});

interface Job {
  state: string;
  name: string;
  errorMessage: string;
}

it('there is one', () => expect(VERSIONS).not.toEqual([]));

describe.each(VERSIONS)('%s', (name) => {
  it('is opened, and all in it is there and works', async () => {
    await mkdir(home.dir, { recursive: true });
    execFileSync('tar', ['-C', home.dir, '-xzf', path.join(FIXTURES, name)]);
    up = await startUp(home, ['--allow-shared-process-tier', ...DATA], KEEP);
    const { url } = up;
    const key = (await readFile(path.join(home.dir, 'data/api-key'), 'utf8')).trim();
    const get = async <T>(route: string): Promise<T> => {
      const response = await fetch(url + route, { headers: { authorization: key } });
      expect(response.status).toBe(200);
      return (await response.json()) as T;
    };
    const jobOf = async (id: string) => (await get<{ job: Job }>(`/v1/customer/jobs/${id}`)).job;

    expect(await jobOf('ended')).toMatchObject({ state: 'JOB_STATE_COMPLETE' });
    await home.ok(['job', 'results', 'ended', '--out', 'out', ...DATA]);
    expect(await readFile(path.join(home.dir, 'out/out.txt'), 'utf8')).toBe('KEPT');
    expect(await home.ok(['job', 'logs', 'ended', ...DATA])).toContain('exit code 0');

    let last: Job | undefined;
    await waitFor(
      'the half-done job to end',
      async () => (last = await jobOf('half')).state === 'JOB_STATE_COMPLETE',
      () => JSON.stringify(last),
    );
    await home.ok(['job', 'results', 'half', '--out', 'half', ...DATA]);
    expect(readdirSync(path.join(home.dir, 'half')).toSorted()).toEqual([
      '0.txt',
      '1.txt',
      '2.txt',
    ]);

    // A draft runs with a secret that an earlier version stored.
    expect(await jobOf('draft')).toMatchObject({ state: 'JOB_STATE_NEW', name: 'A draft' });
    await home.ok(['job', 'run', 'draft', '--out', 'draft', ...DATA]);
    expect(await readFile(path.join(home.dir, 'draft/out.txt'), 'utf8')).toBe('KEPT');

    const users = await home.ok(['user', 'list', ...DATA]);
    for (const user of ['admin', 'ada', 'grace']) expect(users).toContain(user);
    const templates = await get<{ templates: { id: string }[] }>('/v1/dev/templates');
    expect(templates.templates).toMatchObject([{ id: 'kept' }]);
    expect(await home.ok(['secret', 'list', ...DATA])).toContain('keeper');
  });
});
