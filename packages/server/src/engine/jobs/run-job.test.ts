import { RawJson } from '@bytenite/contract';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { setStatus } from '../../store/components.ts';
import { readJobDoc } from '../../store/jobs.ts';
import type { JobRow } from '../../store/tables.ts';
import { createTestContext, type TestContext } from '../../testing/context.ts';
import { checkAndDispose } from '../../testing/invariants.ts';
import { addComponent, draftJob, jobNow } from '../../testing/jobs.ts';
import { renameJob, updateConfig, updateDataSource, updateParams } from './edit-job.ts';
import { runJob } from './run-job.ts';
import { completeUpload, receiveUpload } from './upload.ts';

let ctx: TestContext;
beforeEach(async () => {
  ctx = await createTestContext();
});
afterEach(() => checkAndDispose(ctx));

const run = (job: JobRow, config = {}) => runJob(ctx, ctx.account, job.id, config);

/** All that a failed run must leave as it was. */
async function stateOf(job: JobRow): Promise<unknown> {
  return [
    await jobNow(ctx, job),
    await readJobDoc(ctx.store.db, job.no),
    await ctx.store.db.selectFrom('step').selectAll().execute(),
    await ctx.store.db.selectFrom('pin').selectAll().execute(),
  ];
}

async function upload(job: JobRow, text: string): Promise<void> {
  async function* body() {
    yield Buffer.from(text);
  }
  const { signal } = new AbortController();
  await receiveUpload(ctx, { jobNo: job.no, body: body(), size: null, name: 'f', signal });
}

describe('a run', () => {
  it('pins the revisions that its tags stand for now, and keeps them pinned', async () => {
    const [app, partitioner] = [
      await addComponent(ctx, 'app'),
      await addComponent(ctx, 'partitioner'),
    ];
    const job = await draftJob(ctx, { app: app.split('@')[0] ?? '', partitioner });
    await run(job, { jobTimeout: 60 });
    const { pinned } = await readJobDoc(ctx.store.db, job.no);
    expect(pinned).toMatchObject({
      app: { tag: app, revision: 1 },
      partitioner: { tag: partitioner, revision: 1 },
      assembler: null,
    });
    const pins = await ctx.store.db.selectFrom('pin').select(['job', 'revision']).execute();
    expect(pins).toEqual([1, 2].map(() => ({ job: job.no, revision: 1 })));
    expect(await jobNow(ctx, job)).toMatchObject({
      state: 'STARTED',
      submitted_at: ctx.now(),
      deadline_at: ctx.now() + 60_000,
    });
  });

  it('merges the config fields that come with it', async () => {
    const job = await draftJob(ctx, { config: { taskTimeout: 5, maxTaskRetries: 1 } });
    await run(job, { maxTaskRetries: 0 });
    const { config } = await readJobDoc(ctx.store.db, job.no);
    expect(config).toEqual({ taskTimeout: 5, maxTaskRetries: 0 });
  });

  it('of a started job is refused', async () => {
    const job = await draftJob(ctx);
    await run(job);
    const before = await stateOf(job);
    await expect(run(job)).rejects.toThrow('job has already been started');
    expect(await stateOf(job)).toEqual(before);
  });

  it.each(['app', 'partitioner', 'assembler'] as const)(
    'without an active %s is refused and leaves the draft as it was',
    async (type) => {
      const tag = await addComponent(ctx, type);
      await setStatus(ctx.store.db, tag.split('@')[0] ?? '', 'deactivate');
      const job = await draftJob(ctx, { [type]: tag });
      const before = await stateOf(job);
      await expect(run(job, { taskTimeout: 9 })).rejects.toThrow(
        `no active ${type} matches ${tag}`,
      );
      expect(await stateOf(job)).toEqual(before);
    },
  );

  it('of a file job waits for the end of its upload', async () => {
    const job = await draftJob(ctx);
    const dataSource = { dataSourceDescriptor: 'file' };
    await updateDataSource(ctx, ctx.account, job.id, { dataSource });
    await expect(run(job)).rejects.toThrow('upload has not been completed');
    const done = () => completeUpload(ctx, ctx.account, job.id);
    await expect(done()).rejects.toThrow('no file has been uploaded');
    await upload(job, 'one');
    await expect(run(job)).rejects.toThrow('upload has not been completed');
    await done();
    await run(job);
    await expect(upload(job, 'two')).rejects.toThrow('job has already been started');
    const keys = [];
    for await (const key of ctx.blobs.list(`job/${job.no}`)) keys.push(key);
    expect(keys, 'an upload that came too late leaves nothing').toHaveLength(1);
  });
});

describe('a started job', () => {
  it('can be renamed, and changed in no other way', async () => {
    const job = await draftJob(ctx);
    await run(job);
    const before = await readJobDoc(ctx.store.db, job.no);
    const edits = [
      () => updateParams(ctx, ctx.account, job.id, { app: new RawJson('{}') }),
      () => updateConfig(ctx, ctx.account, job.id, { taskTimeout: 1 }),
      () =>
        updateDataSource(ctx, ctx.account, job.id, {
          dataSource: { dataSourceDescriptor: 'bypass' },
        }),
    ];
    for (const edit of edits) await expect(edit()).rejects.toThrow('job has already been started');
    await renameJob(ctx, ctx.account, job.id, 'new name');
    expect((await jobNow(ctx, job)).name).toBe('new name');
    expect(await readJobDoc(ctx.store.db, job.no)).toEqual(before);
  });

  it('runs what the draft was at its start, however edits and runs cross', async () => {
    const job = await draftJob(ctx);
    const text = (n: number) => new RawJson(`{"n":${n}}`);
    const edit = (n: number) => updateParams(ctx, ctx.account, job.id, { app: text(n) });
    const results = await Promise.allSettled([edit(1), run(job), edit(2)]);
    expect(results[1]?.status).toBe('fulfilled');
    const { params } = await readJobDoc(ctx.store.db, job.no);
    const taken = [0, 2].filter((i) => results[i]?.status === 'fulfilled').map((i) => i / 2 + 1);
    const allowed = [null, ...taken.map((n) => `{"n":${n}}`)];
    expect(allowed).toContain(params.app);
    expect(params.app === null).toBe(taken.length === 0);
  });
});
