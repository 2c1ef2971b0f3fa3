import { once } from 'node:events';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createClient } from '../client.ts';
import { serveRaw } from '../testing/serve.ts';
import { downloadResults, placeInside, UnsafeNameError } from './download-results.ts';

describe('results', () => {
  it.each(['../evil', '/etc/evil', 'a/../../evil', '', '.', 'a/..'])(
    'called %j are not written',
    (name) => {
      expect(() => placeInside('/tmp/out', name)).toThrow(UnsafeNameError);
    },
  );

  it('may have names that only look dangerous', () => {
    expect(placeInside('out', '..a/b..c')).toBe('out/..a/b..c');
  });

  it('of which one fails are all given up before that is told', async () => {
    const folder = await mkdtemp(path.join(tmpdir(), 'results-'));
    onTestFinished(() => rm(folder, { recursive: true, force: true }));
    let closed: Promise<unknown> | undefined;
    let begin: () => void = () => undefined;
    const begun = new Promise<void>((resolve) => (begin = resolve));
    const { url } = await serveRaw(({ url }, response) => {
      if (url === '/bad') return void begun.then(() => response.writeHead(404).end());
      closed = once(response, 'close');
      response.writeHead(200, { 'content-length': 10 }).write('begun');
      begin();
    });
    const results = ['endless', 'bad'].map((name) => ({ name, link: `${url}/${name}` }));
    const client = createClient({ baseUrl: url, apiKey: 'k' });
    const download = downloadResults(client, results, folder);
    await expect(download).rejects.toMatchObject({ status: 404 });
    await closed;
    expect(await readdir(folder)).toEqual([]);
  });
});
