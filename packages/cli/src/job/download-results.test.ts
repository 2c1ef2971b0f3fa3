import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { createClient } from '@bytenite/client';
import { describe, expect, it } from 'vitest';
import { openOutFolder } from '../terminal/out-folder.ts';
import { serveApi, type Route } from '../testing/fake-api.ts';
import { tempFolder } from '../testing/temp-folder.ts';
import { downloadResults } from './download-results.ts';

const RESULTS = 'GET /v1/computing/jobs/j/results';

describe('results', () => {
  it('are written below the folder, under their names', async () => {
    const names = Array.from({ length: 10 }, (_, i) => `part/${i}.txt`);
    const links = names.map((name): [string, Route] => [
      `GET /link/${name}`,
      (response) => void response.end(`content of ${name}`),
    ]);
    const { url } = await serveApi({
      [RESULTS]: (response) => {
        const results = names.map((name) => ({ name, link: `${url}/link/${name}` }));
        response.end(JSON.stringify({ results }));
      },
      ...Object.fromEntries(links),
    });
    const folder = path.join(await tempFolder(), 'new');
    const client = createClient({ baseUrl: url });
    const done = await downloadResults(client, 'j', folder, new AbortController().signal);
    expect(done).toEqual({ files: 10, bytes: 10 * 'content of part/0.txt'.length });
    expect(await readdir(path.join(folder, 'part'))).toHaveLength(10);
    expect(await readFile(path.join(folder, 'part/7.txt'), 'utf8')).toBe('content of part/7.txt');
  });

  it('with names that are not safe to write are refused before anything is written', async () => {
    const { url } = await serveApi({ [RESULTS]: { results: [{ name: '../evil', link: '' }] } });
    const folder = path.join(await tempFolder(), 'new');
    const client = createClient({ baseUrl: url });
    const done = downloadResults(client, 'j', folder, new AbortController().signal);
    await expect(done).rejects.toThrow('a result is called "../evil", which is not safe to write');
    expect(await readdir(folder)).toEqual([]);
  });
});

describe('the folder', () => {
  it.each([
    ['/proc/x', /cannot be made: ENOENT/],
    ['/etc/passwd', /is a file/],
    ['/etc/passwd/x', /cannot be made: ENOTDIR/],
  ])('%s is refused at once, with the reason', (folder, why) => {
    expect(() => openOutFolder(folder)).toThrow(
      expect.objectContaining({
        message: `--out ${folder} is no folder to write to`,
        why: [expect.stringMatching(why)],
      }),
    );
  });
});
