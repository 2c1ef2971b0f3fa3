import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { collectGarbage, collectPackages, expireJobData } from '../../scheduler/retention.ts';
import { createTestContext, type TestContext } from '../../testing/context.ts';
import { checkAndDispose } from '../../testing/invariants.ts';
import { jobNow, runSteps, startJob } from '../../testing/jobs.ts';
import { componentPackage } from '../../testing/package-of.ts';
import { succeeded, TestRunner } from '../../testing/test-runner.ts';
import { findPackage } from '../exchange/lease-data.ts';
import { deleteJob } from '../jobs/abort-job.ts';
import { runJob } from '../jobs/run-job.ts';
import { createJob } from '../jobs/create-job.ts';
import type { ComponentView } from './component-view.ts';
import { deleteComponent } from './delete-component.ts';
import { findPackageFile } from './find-package-file.ts';
import { getComponent } from './get-component.ts';
import { listComponents } from './list-components.ts';
import { pushComponent } from './push-component.ts';
import { activateComponent } from './switch-component.ts';

const HOUR_MS = 3_600_000;

let ctx: TestContext;
beforeEach(async () => {
  ctx = await createTestContext();
});
afterEach(() => checkAndDispose(ctx));

async function pushed(content = '', version = '0.1'): Promise<ComponentView> {
  const data = await componentPackage('counts', { version }, { 'app/main.py': content });
  await pushComponent(ctx, ctx.account, 'app', data);
  return activateComponent(ctx, ctx.account, 'app', `counts@${version}`);
}

const remove = (tag: string) => deleteComponent(ctx, ctx.account, 'app', tag);

/** What the scheduler does in the hour that follows. */
async function sweep(): Promise<void> {
  ctx.advance(HOUR_MS);
  await expireJobData(ctx);
  await collectPackages(ctx);
  await collectGarbage(ctx);
}

async function packages(): Promise<string[]> {
  const keys: string[] = [];
  for await (const key of ctx.blobs.list('package')) keys.push(key);
  return keys;
}

const components = () => ctx.store.db.selectFrom('component').select('id').execute();

describe('a deleted component', () => {
  it('is found by nothing, and its version is free again', async () => {
    const old = await pushed('1');
    await remove('counts@0.1');
    const gone = 'app not found';
    await expect(getComponent(ctx, ctx.account, 'app', 'counts')).rejects.toThrow(gone);
    await expect(getComponent(ctx, ctx.account, 'app', old.component.id)).rejects.toThrow(gone);
    await expect(remove('counts@0.1')).rejects.toThrow(gone);
    await expect(findPackageFile(ctx, old.component.id, 1)).rejects.toThrow('package not found');
    expect((await listComponents(ctx, ctx.account, 'app', {})).components).toEqual([]);
    const draft = await createJob(ctx, ctx.account, { app: 'counts' });
    const run = runJob(ctx, ctx.account, draft.job.id, {});
    await expect(run).rejects.toThrow('no active app matches counts');

    const again = await pushed('1');
    expect(again.component.id).not.toBe(old.component.id);
    expect(again.revision.revision).toBe(1);
    // Never the object that is about to be deleted.
    expect(again.revision.blob_key).not.toBe(old.revision.blob_key);
    await sweep();
    expect(await packages()).toEqual([again.revision.blob_key]);
  });

  it('is collected with all its revisions, and nothing else is', async () => {
    await pushed('1');
    await pushed('2');
    const kept = await pushed('1', '0.2');
    await remove('counts@0.1');
    // Whoever found it just now can still read it.
    await collectPackages(ctx);
    await collectGarbage(ctx);
    expect(await packages()).toHaveLength(3);
    await sweep();
    expect(await packages()).toEqual([kept.revision.blob_key]);
    expect(await components()).toEqual([{ id: kept.component.id }]);
  });

  it.each([
    ['counts', 'must be an exact version'],
    ['counts@0', 'must be an exact version'],
    ['counts@0.1rev1', 'names one revision'],
  ])('cannot be named as %s', async (tag, problem) => {
    await pushed();
    await expect(remove(tag)).rejects.toThrow(problem);
    expect((await getComponent(ctx, ctx.account, 'app', 'counts')).component.deleted_at).toBeNull();
  });

  it('can be named by its id, or with a v', async () => {
    const { component } = await pushed();
    await remove(component.id);
    await pushed();
    await remove('counts@v0.1');
    await expect(remove('counts')).rejects.toThrow('app not found');
    await expect(remove('passthrough')).rejects.toThrow('app not found');
  });
});

describe('a job whose app is deleted and pushed again while it runs', () => {
  it('ends with the revision that it began with', async () => {
    const { revision: old } = await pushed('1');
    const job = await startJob(ctx, { app: 'counts' });
    await runSteps(ctx);
    await remove('counts@0.1');
    const { revision: other } = await pushed('2');
    await sweep();
    const runner = await TestRunner.register(ctx);
    const { contexts, grants } = await runner.exchange({ free: { cpus: 1, memoryBytes: 1e12 } });
    expect(contexts[0]?.component.hash).toBe(old.hash);
    const hex = Buffer.from(old.hash, 'base64').toString('hex');
    const { key, size } = await findPackage(ctx, hex);
    expect(key).toBe(old.blob_key);
    expect((await ctx.blobs.read(key, { offset: 0, length: size })).byteLength).toBe(size);
    const [grant] = grants;
    if (grant === undefined) throw new Error('no task was granted');
    await runner.report(succeeded(ctx, grant, { out: 'x' }));
    await runSteps(ctx);
    expect((await jobNow(ctx, job)).state).toBe('COMPLETE');

    // As long as the job might be retried its package stays, and no longer.
    await sweep();
    expect(await packages()).toContain(old.blob_key);
    ctx.advance(ctx.config.retentionMs);
    await sweep();
    expect(await packages()).toEqual([other.blob_key]);
    await expect(findPackage(ctx, hex)).rejects.toThrow('package not found');
  });

  it('frees the package when the job is deleted', async () => {
    await pushed();
    const job = await startJob(ctx, { app: 'counts' });
    await runSteps(ctx);
    await remove('counts@0.1');
    const runner = await TestRunner.register(ctx);
    await runner.report(succeeded(ctx, await runner.claimOne(), {}));
    await runSteps(ctx);
    await sweep();
    expect(await packages()).toHaveLength(1);
    await deleteJob(ctx, ctx.account, job.id);
    await sweep();
    await sweep();
    expect(await packages()).toEqual([]);
    expect(await components()).toEqual([]);
  });
});
