import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { beginBackup, endBackup } from '../engine/backup/manage-backups.ts';
import { storePackage } from '../engine/components/save-revision.ts';
import { discardPrefix } from '../engine/discard.ts';
import { storeResult } from '../engine/exchange/lease-data.ts';
import { getResults } from '../engine/jobs/results.ts';
import { receiveUpload } from '../engine/jobs/upload.ts';
import { runNextStep } from '../engine/steps/run-step.ts';
import { checkInstallation } from '../installation.ts';
import { claimStep } from '../store/steps.ts';
import type { JobRow } from '../store/tables.ts';
import { createTestContext, type TestContext } from '../testing/context.ts';
import { checkAndDispose } from '../testing/invariants.ts';
import { addComponent, draftJob, jobNow, runSteps, startJob } from '../testing/jobs.ts';
import { age, ageAll, ageDatabase, keysBelow, sweepOrphans } from '../testing/sweep.ts';
import { succeeded, TestRunner } from '../testing/test-runner.ts';
import { createOrphanSweep } from './sweep-orphans.ts';

const DAY_MS = 24 * 3_600_000;

let ctx: TestContext;
beforeEach(async () => {
  ctx = await createTestContext();
  await ageDatabase(ctx);
});
afterEach(() => checkAndDispose(ctx));

/** An object that nothing names, old enough to go. */
async function plant(key: string, body = 'orphan', ms = 2 * DAY_MS): Promise<string> {
  await ctx.blobs.put(key, Buffer.from(body));
  await age(ctx, key, ms);
  return key;
}

/** A job whose partitioner, app and assembler have run, with logs; and its runner. */
async function completeJob(): Promise<{ job: JobRow; runner: TestRunner }> {
  const partitioner = await addComponent(ctx, 'partitioner');
  const assembler = await addComponent(ctx, 'assembler');
  const job = await startJob(ctx, { partitioner, assembler });
  const runner = await TestRunner.register(ctx);
  for (const files of [{ 'data_0.bin': 'a' }, { 'out.txt': 'b' }, { 'all.txt': 'c' }]) {
    await runSteps(ctx);
    const grant = await runner.claimOne();
    const line = { t: ctx.now(), l: 'INFO', c: 'main', m: 'hello' } as const;
    await runner.exchange({
      ended: [succeeded(ctx, grant, files)],
      logs: [{ grant, lines: [line] }],
    });
  }
  await runSteps(ctx);
  expect((await jobNow(ctx, job)).state).toBe('COMPLETE');
  return { job, runner };
}

describe('what no row names', () => {
  it('is removed, of every kind, and counted', async () => {
    const { job } = await completeJob();
    const kept = await ageAll(ctx);
    const planted = [
      'package/nobody',
      'health/left',
      `job/${job.no}/logs/left`,
      `job/${job.no}/data/packs/left`,
      `job/${job.no}/data/upload/left`,
      `job/${job.no}/data/results/app-0-0-1/left`,
      `job/${job.no}/data/source-0-7/index`,
      `job/${job.no}/data/source-0-7/files/left`,
      `job/${job.no}/data/collect-9-1/manifest`,
      'job/999/logs/left',
      'job/999/data/packs/left',
      'job/999/data/source-0-1/files/left',
    ];
    for (const key of planted) await plant(key);
    await sweepOrphans(ctx);
    expect(await keysBelow(ctx, '')).toEqual(kept);
    expect(ctx.orphans).toEqual({
      removed: planted.length,
      bytes: planted.length * 'orphan'.length,
      sweeps: 1,
    });
  });

  it('stays until it is older than what may still be named', async () => {
    const graceMs = DAY_MS + ctx.config.stagingMs;
    const young = await plant('package/young', 'x', graceMs - 1000);
    await plant('package/old', 'x', graceMs + 1000);
    await sweepOrphans(ctx);
    expect(await keysBelow(ctx, 'package')).toEqual([young]);
    ctx.advance(2000);
    await sweepOrphans(ctx);
    expect(await keysBelow(ctx, 'package')).toEqual([]);
  });

  it('goes after a second look, a lease after the first', async () => {
    let time = 0;
    const beat = createOrphanSweep(ctx, () => time);
    const draft = await draftJob(ctx);
    const key = `job/${draft.no}/logs/late`;
    await plant(key);
    await beat();
    time += ctx.config.leaseMs - 1;
    await beat();
    expect(await keysBelow(ctx, 'job')).toEqual([key]);
    // A machine that stood still for days goes on, and commits what it was about to.
    const pack = { job: draft.no, account: ctx.account.id, key, length: 6 };
    const rest = { n: 1, from_at: 1, to_at: 1, levels: 1, kinds: 1, chunk_from: 0, chunk_to: 0 };
    await ctx.store.db
      .insertInto('log_pack')
      .values({ ...pack, ...rest })
      .execute();
    time += 1;
    await beat();
    expect(ctx.orphans).toEqual({ removed: 0, bytes: 0, sweeps: 1 });
    expect(await keysBelow(ctx, 'job')).toEqual([key]);
  });

  it('is found among thousands, in beats that look at some', async () => {
    const draft = await draftJob(ctx);
    for (let i = 0; i < 2500; i += 1) await plant(`job/${draft.no}/data/packs/${i}`, '');
    const beat = createOrphanSweep(ctx, () => 0);
    await beat();
    await beat();
    expect(ctx.orphans.removed).toBe(0);
    await sweepOrphans(ctx);
    expect(ctx.orphans.removed).toBe(2500);
  });

  it('and another version may have written, is left alone', async () => {
    const draft = await draftJob(ctx);
    const keys = ['future/x', `job/${draft.no}/data/index/x/y`, `job/${draft.no}/x`];
    for (const key of keys) await plant(key);
    await sweepOrphans(ctx);
    expect((await keysBelow(ctx, '')).toSorted()).toEqual(keys.toSorted());
  });
});

describe('what is needed stays, however old it is', () => {
  it('in every state of a job, and the job goes on', async () => {
    const partitioner = await addComponent(ctx, 'partitioner');
    const assembler = await addComponent(ctx, 'assembler');
    const job = await startJob(ctx, { partitioner, assembler });
    const runner = await TestRunner.register(ctx);
    const sweepAgain = async () => {
      await ageAll(ctx);
      await sweepOrphans(ctx);
    };
    for (const files of [{ 'data_0.bin': 'a', 'data_1.bin': 'b' }, { 'out.txt': 'c' }]) {
      await runSteps(ctx);
      await sweepAgain();
      const grants = await runner.claim();
      await sweepAgain();
      await runner.report(...grants.map((grant) => succeeded(ctx, grant, files)));
      await sweepAgain();
    }
    await runSteps(ctx);
    await sweepAgain();
    await runner.report(succeeded(ctx, await runner.claimOne(), { 'all.txt': 'd' }));
    await sweepAgain();
    await runSteps(ctx);
    await sweepAgain();
    expect((await jobNow(ctx, job)).state).toBe('COMPLETE');
    expect((await getResults(ctx, ctx.account, job.id)).names).toEqual(['all.txt']);
  });

  it('of a job with passthrough engines, until it is delivered', async () => {
    const job = await startJob(ctx);
    const signal = new AbortController().signal;
    const step = async () => {
      expect(await runNextStep(ctx, 'test', signal)).toBe(true);
      await ageAll(ctx);
      await sweepOrphans(ctx);
    };
    await step(); // source and chunks
    const runner = await TestRunner.register(ctx);
    await runner.report(succeeded(ctx, await runner.claimOne(), { 'out.txt': 'x' }));
    await step(); // collect
    await step(); // deliver
    expect((await getResults(ctx, ctx.account, job.id)).names).toEqual(['out.txt']);
  });

  it('of a step that is under way; of its earlier try it goes', async () => {
    const job = await startJob(ctx);
    const claim = async () => {
      const step = await ctx.store.transact((tx) => claimStep(tx, 'test', ctx.now(), 1000));
      ctx.advance(2000);
      return plant(`job/${job.no}/data/source-${step?.run}-${step?.fence}/files/x`);
    };
    await claim();
    const second = await claim();
    await sweepOrphans(ctx);
    expect(await keysBelow(ctx, 'job')).toEqual([second]);
  });

  it('of an upload, complete or under way', async () => {
    const job = await draftJob(ctx);
    await ctx.store.db
      .insertInto('upload')
      .values({ job: job.no, key: null, name: '', size_bytes: 0, sha256: '', state: 'open' })
      .execute();
    const { signal } = new AbortController();
    const receive = (body: AsyncIterable<Uint8Array>) =>
      receiveUpload(ctx, { jobNo: job.no, body, size: null, name: 'in.txt', signal });
    async function* slowly() {
      yield Buffer.from('a');
      await sweepOrphans(ctx);
      yield Buffer.from('b');
    }
    await receive(slowly());
    const keys = await ageAll(ctx);
    expect(keys).toHaveLength(1);
    await sweepOrphans(ctx);
    expect(await keysBelow(ctx, '')).toEqual(keys);
  });

  it('of a result that its attempt has not reported, and of a package that is being pushed', async () => {
    await startJob(ctx);
    await runSteps(ctx);
    const runner = await TestRunner.register(ctx);
    const { lease } = await runner.claimOne();
    const { signal } = new AbortController();
    async function* body() {
      yield Buffer.from('large');
    }
    const { key } = await storeResult(ctx, lease, { body: body(), atLeast: 0 }, signal);
    const stored = await storePackage(ctx, 3, async () => Buffer.from('tar'));
    await ageAll(ctx);
    await sweepOrphans(ctx);
    expect(await keysBelow(ctx, '')).toEqual(expect.arrayContaining([key, stored.key]));
    expect(ctx.orphans.removed).toBe(0);
  });

  it('of a component’s revision', async () => {
    await addComponent(ctx, 'app');
    const key = await plant('package/revision');
    await ctx.store.db.updateTable('revision').set({ blob_key: key }).execute();
    await sweepOrphans(ctx);
    expect(await keysBelow(ctx, '')).toEqual([key]);
  });

  it('and of what was discarded only its own row takes care', async () => {
    const draft = await draftJob(ctx);
    const prefix = `job/${draft.no}/data`;
    const key = await plant(`${prefix}/packs/x`);
    await ctx.store.transact((tx) => discardPrefix(tx, prefix, ctx.now() + DAY_MS));
    await sweepOrphans(ctx);
    expect(await keysBelow(ctx, '')).toEqual([key]);
  });
});

describe('what may be another database’s stays', () => {
  it('where it was written before this one came to be', async () => {
    const born = ctx.now() - 10 * DAY_MS;
    await ctx.store.db.updateTable('account').set({ created_at: born }).execute();
    const earlier = await plant('package/earlier', 'x', 11 * DAY_MS);
    await plant('package/later', 'x', 9 * DAY_MS);
    await sweepOrphans(ctx);
    expect(await keysBelow(ctx, '')).toEqual([earlier]);
  });

  it('where another has its name in the blob store, until that is deleted', async () => {
    await checkInstallation(ctx.store.db, ctx.blobs);
    const key = await plant('package/x');
    await plant('installation/other');
    await sweepOrphans(ctx);
    expect(await keysBelow(ctx, 'package')).toEqual([key]);
    await ctx.blobs.deletePrefix('installation/other');
    await sweepOrphans(ctx);
    expect(await keysBelow(ctx, 'package')).toEqual([]);
    expect(await keysBelow(ctx, 'installation')).toHaveLength(1);
  });
});

// A database elsewhere is backed up by its own tools.
it.skipIf(process.env['BYTENITE_TEST_STORE'] === 'postgres')(
  'nothing goes while a backup is written',
  async () => {
    const caller = { ...ctx.account, keyId: 'k' };
    let time = 0;
    const beat = createOrphanSweep(ctx, () => time);
    const key = await plant('package/nobody');
    const { id } = await beginBackup(ctx, caller);
    for (let i = 0; i < 5; i += 1) {
      await beat();
      time += ctx.config.leaseMs;
    }
    expect(await keysBelow(ctx, '')).toEqual([key]);
    await endBackup(ctx, caller, id);
    await beat();
    expect(await keysBelow(ctx, '')).toEqual([]);
  },
);

it('a sweep that fails begins anew after a while', async () => {
  let time = 0;
  let isBroken = true;
  const list: TestContext['blobs']['list'] = async function* (prefix) {
    if (isBroken) throw new Error('the disk does not answer');
    yield* ctx.blobs.list(prefix);
  };
  const beat = createOrphanSweep({ ...ctx, blobs: { ...ctx.blobs, list } }, () => time);
  await plant('package/nobody');
  await expect(beat()).rejects.toThrow('the disk does not answer');
  isBroken = false;
  await beat();
  expect(ctx.orphans.sweeps).toBe(0);
  for (let i = 0; i < 5; i += 1) {
    time += 60_000;
    await beat();
  }
  expect(ctx.orphans).toMatchObject({ removed: 1, sweeps: 1 });
});
