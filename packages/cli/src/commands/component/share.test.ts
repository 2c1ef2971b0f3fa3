import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { main } from '../../main.ts';
import { serveApi, type Route } from '../../testing/fake-api.ts';
import { tempFolder } from '../../testing/temp-folder.ts';

let stdout: string;

beforeEach(async () => {
  vi.stubEnv('HOME', await tempFolder());
  stdout = '';
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
    stdout += String(text);
    return true;
  });
  vi.spyOn(console, 'log').mockImplementation((line) => {
    stdout += `${String(line)}\n`;
  });
});

afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllEnvs();
});

const DONE = { ok: true, requestId: 'r', message: '', error: null };

async function run(line: string, routes: Record<string, Route>): Promise<string> {
  const { url } = await serveApi(routes);
  expect(await main([...line.split(' '), '--url', url, '--api-key', 'k'])).toBe(0);
  return stdout;
}

it.each(['app', 'engine', 'template'])('%s: publish, unpublish and delete', async (kind) => {
  const path = `/v1/dev/${kind}s/a%400.1`;
  const words = (verb: string) => `${kind} ${verb} a@0.1`;
  expect(await run(words('publish'), { [`POST ${path}/publish`]: DONE })).toContain(
    'a@0.1 is public',
  );
  expect(await run(words('unpublish'), { [`POST ${path}/unpublish`]: DONE })).toContain(
    'a@0.1 is private',
  );
  expect(await run(`${words('delete')} --yes`, { [`DELETE ${path}`]: DONE })).toContain('Deleted');
});
