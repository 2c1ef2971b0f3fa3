import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { BlobNotFound } from '../../blob/blob-store.ts';
import { collectGarbage } from '../../scheduler/retention.ts';
import { bundleOf } from '../../testing/bundle-of.ts';
import { createTestContext, type TestContext } from '../../testing/context.ts';
import { checkAndDispose } from '../../testing/invariants.ts';
import { jobNow, runSteps } from '../../testing/jobs.ts';
import { readInput } from '../../testing/read-input.ts';
import { partitionedJob } from '../../testing/scenario.ts';
import { failed, succeeded, TestRunner } from '../../testing/test-runner.ts';
import { getResults } from '../jobs/results.ts';
import { findPackage, storeResult } from './lease-data.ts';

let ctx: TestContext;
beforeEach(async () => {
  ctx = await createTestContext();
});
afterEach(() => checkAndDispose(ctx));

const NEVER = new AbortController().signal;

async function* bodyOf(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes.subarray(0, 10);
  yield bytes.subarray(10);
}

async function whenUnreportedIsGarbage(): Promise<void> {
  ctx.advance(ctx.config.stagingMs + 24 * 3600 * 1000);
  await collectGarbage(ctx);
}

describe('a result too large for a message', () => {
  it('is stored below its attempt and committed by the report', async () => {
    const job = await partitionedJob(ctx, 1);
    const runner = await TestRunner.register(ctx);
    const grant = await runner.claimOne();
    const { bytes, sha256 } = bundleOf({ large: 'x'.repeat(100_000), 'a/small': 'y' });
    const stored = await storeResult(ctx, grant.lease, { body: bodyOf(bytes), atLeast: 0 }, NEVER);
    expect(stored).toMatchObject({ size: bytes.byteLength, sha256 });
    expect(stored.key.startsWith(`job/${job.no}/data/results/app-0-0-1/`)).toBe(true);
    const report = succeeded(ctx, grant, {});
    report.report.outcome = { ok: true, result: { stored } };
    expect(await runner.report(report)).toEqual(['committed']);
    await runSteps(ctx);
    expect((await jobNow(ctx, job)).state).toBe('COMPLETE');
    const { names } = await getResults(ctx, ctx.account, job.id);
    expect(names).toEqual(['a/small', 'large']);
    await whenUnreportedIsGarbage();
    expect(await ctx.blobs.size(stored.key)).toBe(bytes.byteLength);
  });

  it('is collected when its attempt never reports it', async () => {
    await partitionedJob(ctx, 1);
    const runner = await TestRunner.register(ctx);
    const grant = await runner.claimOne();
    const { bytes } = bundleOf({ a: 'x' });
    const lost = await storeResult(ctx, grant.lease, { body: bodyOf(bytes), atLeast: 0 }, NEVER);
    const stored = await storeResult(ctx, grant.lease, { body: bodyOf(bytes), atLeast: 0 }, NEVER);
    const report = succeeded(ctx, grant, {});
    report.report.outcome = { ok: true, result: { stored } };
    expect(await runner.report(report)).toEqual(['committed']);
    await whenUnreportedIsGarbage();
    await expect(ctx.blobs.size(lost.key)).rejects.toThrow(BlobNotFound);
    expect(await ctx.blobs.size(stored.key)).toBe(bytes.byteLength);
  });

  it('of a lost lease is refused, and never replaces one that is there', async () => {
    await partitionedJob(ctx, 1);
    const runner = await TestRunner.register(ctx);
    const grant = await runner.claimOne();
    const { bytes } = bundleOf({ a: 'x' });
    const first = await storeResult(ctx, grant.lease, { body: bodyOf(bytes), atLeast: 0 }, NEVER);
    const second = await storeResult(ctx, grant.lease, { body: bodyOf(bytes), atLeast: 0 }, NEVER);
    expect(second.key).not.toBe(first.key);
    await runner.report(failed(ctx, grant));
    const late = storeResult(ctx, grant.lease, { body: bodyOf(bytes), atLeast: 0 }, NEVER);
    await expect(late).rejects.toThrow('lease not found');
  });
});

describe('the input of a lease', () => {
  it('is given as often as the runner asks, and no more once the lease is gone', async () => {
    await partitionedJob(ctx, 2);
    const runner = await TestRunner.register(ctx);
    const [grant] = await runner.claim(2);
    if (grant === undefined) throw new Error('a task is wanted');
    for (let i = 0; i < 2; i++) {
      expect(await readInput(ctx, grant.lease)).toEqual({ 'task/data.bin': 'chunk 0' });
    }
    await runner.report(succeeded(ctx, grant, {}));
    await expect(readInput(ctx, grant.lease)).rejects.toThrow('lease not found');
    await expect(readInput(ctx, 'unknown')).rejects.toThrow('lease not found');
  });
});

it('a package is found by the hash of its bytes, and nothing else is', async () => {
  await partitionedJob(ctx, 1);
  const row = await ctx.store.db.selectFrom('revision').selectAll().executeTakeFirstOrThrow();
  const hex = Buffer.from(row.hash, 'base64').toString('hex');
  expect(await findPackage(ctx, hex)).toEqual({ key: row.blob_key, size: row.size_bytes });
  for (const other of ['', 'xyz', `${hex}00`, row.hash]) {
    await expect(findPackage(ctx, other)).rejects.toThrow('package not found');
  }
});
