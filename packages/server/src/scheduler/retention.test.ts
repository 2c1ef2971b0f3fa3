import { access } from 'node:fs/promises';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { HOLD_MS } from '../engine/backup/backup-sessions.ts';
import { beginBackup, endBackup, renewBackup } from '../engine/backup/manage-backups.ts';
import { findResultFile, getResults } from '../engine/jobs/results.ts';
import { dataPrefix, logPrefix } from '../engine/job-keys.ts';
import { sqliteDialect } from '../store/sqlite.ts';
import { openStore } from '../store/store.ts';
import type { JobRow } from '../store/tables.ts';
import { createTestContext, type TestContext } from '../testing/context.ts';
import { checkAndDispose } from '../testing/invariants.ts';
import { jobNow, runSteps, startJob } from '../testing/jobs.ts';
import { succeeded, TestRunner } from '../testing/test-runner.ts';
import { collectGarbage, expireJobData, forget } from './retention.ts';

let ctx: TestContext;
beforeEach(async () => {
  ctx = await createTestContext();
});
afterEach(() => checkAndDispose(ctx));

async function keysBelow(prefix: string): Promise<string[]> {
  const keys = [];
  for await (const key of ctx.blobs.list(prefix)) keys.push(key);
  return keys;
}

/** A complete job with results and logs. */
async function completeJob(): Promise<JobRow> {
  const job = await startJob(ctx);
  await runSteps(ctx);
  const runner = await TestRunner.register(ctx);
  const grant = await runner.claimOne();
  const line = { t: ctx.now(), l: 'INFO', c: 'main', m: 'hello' } as const;
  const ended = [succeeded(ctx, grant, { 'out.txt': 'x' })];
  await runner.exchange({ ended, logs: [{ grant, lines: [line] }] });
  await runSteps(ctx);
  return jobNow(ctx, job);
}

async function sweep(): Promise<void> {
  await expireJobData(ctx);
  await collectGarbage(ctx);
}

describe('the data of an ended job', () => {
  it('is kept for its time, and then gone; the job and its logs stay', async () => {
    const job = await completeJob();
    ctx.advance(ctx.config.retentionMs - 1);
    await sweep();
    expect((await getResults(ctx, ctx.account, job.id)).names).toEqual(['out.txt']);
    expect((await jobNow(ctx, job)).data_state).toBe('kept');
    ctx.advance(1);
    await sweep();
    expect(await keysBelow(dataPrefix(job.no))).toEqual([]);
    expect(await keysBelow(logPrefix(job.no))).toHaveLength(1);
    expect(await jobNow(ctx, job)).toMatchObject({ state: 'COMPLETE', data_state: 'expired' });
    await expect(getResults(ctx, ctx.account, job.id)).rejects.toThrow('results have expired');
    const file = findResultFile(ctx, job.no, job.run, 'out.txt');
    await expect(file).rejects.toThrow('file not found');
  });

  it('is swept once more for what came late, and then not again', async () => {
    const job = await completeJob();
    ctx.advance(ctx.config.retentionMs);
    await sweep();
    await ctx.blobs.put(`${dataPrefix(job.no)}/packs/late`, Buffer.from('x'));
    ctx.advance(24 * 3_600_000);
    await sweep();
    expect(await keysBelow(dataPrefix(job.no))).toEqual([]);
    expect(await ctx.store.db.selectFrom('gc').selectAll().execute()).toEqual([]);
  });

  it('of a running job or a draft never expires', async () => {
    const job = await startJob(ctx);
    await runSteps(ctx);
    ctx.advance(100 * ctx.config.retentionMs);
    await sweep();
    expect((await jobNow(ctx, job)).data_state).toBe('kept');
    const runner = await TestRunner.register(ctx);
    await runner.report(succeeded(ctx, await runner.claimOne(), {}));
    await runSteps(ctx);
    await sweep();
    expect((await jobNow(ctx, job)).state).toBe('COMPLETE');
  });
});

// A database elsewhere is backed up by its own tools.
describe.skipIf(process.env['BYTENITE_TEST_STORE'] === 'postgres')(
  'while a backup is written',
  () => {
    const later = async () => {
      ctx.advance(ctx.config.retentionMs);
      await sweep();
    };

    it('nothing is deleted that its snapshot names; afterwards it is', async () => {
      const job = await completeJob();
      const caller = { ...ctx.account, keyId: 'k' };
      const { id, file } = await beginBackup(ctx, caller);
      ctx.advance(HOLD_MS - 1);
      renewBackup(ctx, caller, id);
      await expireJobData(ctx);
      ctx.advance(HOLD_MS - 1);
      expect(await collectGarbage(ctx)).toBe(false);
      expect(await keysBelow(dataPrefix(job.no))).not.toEqual([]);
      await endBackup(ctx, caller, id);
      await expect(access(path.join(ctx.config.dataDir, file))).rejects.toThrow('ENOENT');
      await later();
      expect(await keysBelow(dataPrefix(job.no))).toEqual([]);
      expect(() => renewBackup(ctx, caller, id)).toThrow('backup not found');
    });

    it('a writer that died keeps nothing for longer than its hold', async () => {
      const job = await completeJob();
      const { file } = await beginBackup(ctx, { ...ctx.account, keyId: 'k' });
      await access(path.join(ctx.config.dataDir, file));
      await later();
      expect(await keysBelow(dataPrefix(job.no))).toEqual([]);
      await expect(access(path.join(ctx.config.dataDir, file))).rejects.toThrow('ENOENT');
    });

    it('the snapshot is the database of that moment', async () => {
      const job = await completeJob();
      const { file } = await beginBackup(ctx, { ...ctx.account, keyId: 'k' });
      await completeJob();
      const copy = await openStore(sqliteDialect(path.join(ctx.config.dataDir, file)), 'sqlite');
      const jobs = await copy.db.selectFrom('job').select(['no', 'state']).execute();
      await copy.close();
      expect(jobs).toEqual([{ no: job.no, state: 'COMPLETE' }]);
    });
  },
);

it('old events are forgotten, those of the last hour never', async () => {
  await completeJob();
  const count = async () => (await ctx.store.db.selectFrom('event').select('id').execute()).length;
  const before = await count();
  ctx.advance(3_600_000);
  await forget(ctx);
  expect(await count()).toBe(before);
  ctx.advance(ctx.config.eventRetentionMs);
  await forget(ctx);
  expect(await count()).toBe(1);
});
