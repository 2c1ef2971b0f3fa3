/** Files in and out by signed links: uploads, results, and how long they live (contract 4.3, 4.7). */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { pushComponent } from '../support/components.ts';
import { startPlatform, waitForJob, type Platform } from '../support/platform.ts';
import { createJob, JOBS, refusal, runJob, send } from './caller.ts';

let platform: Platform;

const COPY = `import os, shutil
out = os.environ["TASK_RESULTS_DIR"]
os.makedirs(out + "/deep")
shutil.copy(os.environ["TASK_DIR"] + "/data.bin", out + "/deep/größe \\"1\\".html")
`;
const LOCAL = 'type.googleapis.com/bytenite.data_source.LocalFileDataSource';
const FILE = { dataSourceDescriptor: 'file', params: { '@type': LOCAL, name: '', url: '' } };

beforeAll(async () => {
  platform = await startPlatform();
  await pushComponent(platform, { name: 'copy', type: 'app', main: COPY });
});

afterAll(() => platform.close());

interface Upload {
  id: string;
  tempUrl: string;
}

async function newUpload(dataSource: object = FILE): Promise<Upload> {
  const { body } = await send(platform, 'POST', JOBS, { app: 'copy', dataSource });
  return { id: body.job.id, tempUrl: body.job.dataSource.params.tempUrl };
}

async function put(url: string, body: string | FormData, headers = {}): Promise<string> {
  const response = await fetch(url, { method: 'PUT', body, headers });
  const { code, message } = (await response.json()) as { code?: number; message: string };
  return response.ok ? '200' : `${response.status}/${code} ${message}`;
}

const complete = (id: string) => refusal(platform, 'POST', `${JOBS}/uploadcompleted/${id}`);

async function linkOf(id: string): Promise<string> {
  const { body } = await send(platform, 'GET', `${JOBS}/${id}/results`);
  expect(body.results).toHaveLength(1);
  return body.results[0].link;
}

async function completeJob({ id, tempUrl }: Upload, content: string | FormData): Promise<string> {
  expect(await put(tempUrl, content)).toBe('200');
  expect(await complete(id)).toBe('200');
  await runJob(platform, id);
  expect(await waitForJob(platform, id)).toMatchObject({ state: 'JOB_STATE_COMPLETE' });
  return linkOf(id);
}

describe('upload', () => {
  test('has its absolute tempUrl in the reply that names the source', async () => {
    const { id, tempUrl } = await newUpload({ dataSourceDescriptor: 'local' });
    expect(tempUrl.startsWith(`${platform.url}/`)).toBe(true);
    const { body } = await send(platform, 'GET', `${JOBS}/${id}`);
    expect(body.job.dataSource).toMatchObject({
      dataSourceDescriptor: 'file',
      params: { '@type': LOCAL },
    });
    const other = await createJob(platform, { app: 'copy' });
    const patched = await send(platform, 'PATCH', `${JOBS}/${other}/datasource`, {
      dataSource: FILE,
    });
    expect(patched.body.job.dataSource.params.tempUrl).toMatch(/^http/);
  });

  test('is complete only when something arrived', async () => {
    const { id, tempUrl } = await newUpload();
    expect(await complete(id)).toBe('400/9 no file has been uploaded');
    expect(await put(tempUrl, 'x', { 'content-disposition': 'attachment' })).toBe('200');
    expect(await refusal(platform, 'POST', `${JOBS}/${id}/run`)).toBe(
      '400/9 upload has not been completed',
    );
    expect(await complete(id)).toBe('200');
    expect(await refusal(platform, 'PATCH', `${JOBS}/${id}/uploadcompleted`)).toBe('200');
  });

  test('of raw bytes, then run, gives them to the task; the last upload counts', async () => {
    const upload = await newUpload();
    expect(await put(upload.tempUrl, 'earlier')).toBe('200');
    const link = await completeJob(upload, 'plain bytes');
    expect(await (await fetch(link)).text()).toBe('plain bytes');
  });

  test('of a multipart form stores the part', async () => {
    const form = new FormData();
    form.set('file', new Blob(['inside a form']), 'part.txt');
    const link = await completeJob(await newUpload(), form);
    expect(await (await fetch(link)).text()).toBe('inside a form');
  });

  test('is sealed when the job has started', async () => {
    const upload = await newUpload();
    await completeJob(upload, 'sealed');
    expect(await put(upload.tempUrl, 'late')).toBe('400/9 job has already been started');
    expect(await complete(upload.id)).toBe('400/9 job has already been started');
  });

  test('needs the signature, and nothing else opens it', async () => {
    const { tempUrl } = await newUpload();
    const unsigned = tempUrl.split('?')[0] ?? '';
    expect(await put(unsigned, 'x', { authorization: platform.apiKey })).toMatch(/^403\/7 /);
    expect(await put(tempUrl.replace(/.$/, '!'), 'x')).toMatch(/^403\/7 /);
  });

  test('has nowhere to go once the draft is deleted', async () => {
    const { id, tempUrl } = await newUpload();
    await platform.call('POST', `${JOBS}/${id}/abort`);
    expect(await put(tempUrl, 'x')).toBe('404/5 job not found');
  });
});

describe('a result link', () => {
  test('is named by its path, and downloads as a file, never as a page', async () => {
    const link = await completeJob(await newUpload(), '<script>0123456789');
    const response = await fetch(link);
    expect(response.status).toBe(200);
    expect(Object.fromEntries(response.headers)).toMatchObject({
      'content-disposition': expect.stringMatching(
        /^attachment; filename="gr__e _1_\.html"; filename\*=UTF-8''gr%C3%B6%C3%9Fe%20%221%22\.html$/,
      ),
      'content-length': '18',
      'accept-ranges': 'bytes',
      'x-content-type-options': 'nosniff',
      'access-control-allow-origin': '*',
    });
    expect(response.headers.get('content-type')).not.toContain('html');
    await response.body?.cancel();
  });

  test.each([
    ['bytes=2-4', 206, 'cde', 'bytes 2-4/10'],
    ['bytes=7-', 206, 'hij', 'bytes 7-9/10'],
    ['bytes=-2', 206, 'ij', 'bytes 8-9/10'],
    ['bytes=0-99', 206, 'abcdefghij', 'bytes 0-9/10'],
    ['nonsense', 200, 'abcdefghij', null],
  ])('answers Range %s', async (range, status, text, contentRange) => {
    link ??= await completeJob(await newUpload(), 'abcdefghij');
    const response = await fetch(link, { headers: { range } });
    expect(response.status).toBe(status);
    expect(response.headers.get('content-range')).toBe(contentRange);
    expect(await response.text()).toBe(text);
  });
  let link: string | undefined;

  test('ends when the job is deleted, and is worth nothing changed', async () => {
    const upload = await newUpload();
    const ended = await completeJob(upload, 'gone soon');
    const forged = await fetch(ended.replace(/sig=.*/, 'sig=forged'));
    expect(forged.status).toBe(403);
    await platform.call('DELETE', `${JOBS}/${upload.id}`);
    const response = await fetch(ended);
    expect(response.status).toBe(404);
    expect(await response.json()).toMatchObject({ code: 5, message: 'file not found' });
  });
});

test('bypass delivers nothing', async () => {
  const bypass = { dataSourceDescriptor: 'bypass' };
  const id = await createJob(platform, {
    app: 'copy',
    dataSource: bypass,
    dataDestination: bypass,
  });
  await runJob(platform, id);
  await waitForJob(platform, id);
  expect((await send(platform, 'GET', `${JOBS}/${id}/results`)).body).toEqual({ results: [] });
});
