/** The client's main entry in a real browser, on a page of another origin than the platform's. */
import { createServer, type Server } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { createRequire } from 'node:module';
import { build } from 'esbuild';
import { chromium, type Browser, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startPlatform, type Platform } from '../support/platform.ts';
import { pushWordCount } from './word-count.ts';

const executablePath = process.env['BYTENITE_TEST_BROWSER'];

/** As `import * as bytenite` would have it; the page's scripts are strings, so its types do not reach them. */
const ENTRY = createRequire(import.meta.url).resolve('@bytenite/client');

/** Without one `npm test` has said so. */
describe.runIf(executablePath !== undefined)('in a browser, the client', () => {
  let platform: Platform;
  let browser: Browser;
  let site: Server;
  let page: Page;
  const problems: string[] = [];

  beforeAll(async () => {
    platform = await startPlatform();
    await pushWordCount(platform);
    const bundle = await build({
      entryPoints: [ENTRY],
      bundle: true,
      write: false,
      format: 'iife',
      globalName: 'bytenite',
      platform: 'browser',
    });
    site = createServer((request, response) => {
      const isScript = request.url === '/client.js';
      response.writeHead(200, { 'content-type': isScript ? 'text/javascript' : 'text/html' });
      response.end(
        isScript ? bundle.outputFiles[0]?.text : '<!doctype html><script src="client.js"></script>',
      );
    }).listen(0, '127.0.0.1');
    await once(site, 'listening');
    browser = await chromium.launch({
      ...(executablePath !== undefined && { executablePath }),
      // A browser of root has no sandbox of its own; it looks at our own pages only.
      args: process.getuid?.() === 0 ? ['--no-sandbox'] : [],
    });
    page = await browser.newPage();
    page.on('pageerror', (error) => problems.push(error.message));
    await page.goto(`http://127.0.0.1:${(site.address() as AddressInfo).port}/`);
  });

  afterAll(async () => {
    await browser?.close();
    site?.close();
    site?.closeAllConnections();
    await platform?.close();
  });

  /** Runs the body of an async function in the page, with `client` there. */
  function inPage<T>(body: string): Promise<T> {
    const options = JSON.stringify({ baseUrl: platform.url, apiKey: platform.apiKey });
    return page.evaluate(
      `(async () => { const client = bytenite.createClient(${options}); ${body} })()`,
    );
  }

  it('lists jobs page by page', async () => {
    for (let i = 0; i < 5; i += 1) {
      await platform.call('POST', '/v1/customer/jobs', { app: 'none', name: `job ${i}` });
    }
    const names = await inPage<string[]>(`
      const names = [];
      for await (const job of client.jobs.list({ limit: 2 })) names.push(job.name);
      return names;`);
    expect(names).toEqual(['job 4', 'job 3', 'job 2', 'job 1', 'job 0']);
    expect(problems).toEqual([]);
  });

  it('runs a job with a file that the user chose, and reads its result', async () => {
    const found = await inPage<unknown>(`
      const input = new File(['ishmael ishmael'], 'chosen.txt');
      const { job, results } = await client.jobs.runAndWait(
        { templateId: 'word-count', params: { app: { min_length: 6 } } }, { input });
      const words = results.find(({ name }) => name === 'words.json');
      const { stream } = await client.jobs.download(words);
      return [job.dataSource.params.name, await new Response(stream).json()];`);
    expect(found).toEqual(['chosen.txt', [{ word: 'ishmael', count: 2 }]]);
    expect(problems).toEqual([]);
  });

  it('is told what the platform refuses', async () => {
    const error = await inPage<unknown>(`
      return client.jobs.get('nothing').catch(({ name, kind, status, requestId, message }) =>
        ({ kind, status, message, known: requestId !== '' }));`);
    expect(error).toMatchObject({ kind: 'NOT_FOUND', status: 404, message: 'job not found' });
  });
});
