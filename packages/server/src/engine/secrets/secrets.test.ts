import { RawJson, type CreateSecretInput } from '@bytenite/contract';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createTestContext, type TestContext } from '../../testing/context.ts';
import { checkAndDispose } from '../../testing/invariants.ts';
import { addComponent, draftJob, jobNow, runSteps, startJob } from '../../testing/jobs.ts';
import { addAccount } from '../../testing/rows.ts';
import { succeeded, TestRunner } from '../../testing/test-runner.ts';
import { getJob } from '../jobs/list-jobs.ts';
import { runJob } from '../jobs/run-job.ts';
import { rotateMasterKey } from './rotate-master-key.ts';
import { createSecret, removeSecret, viewSecrets } from './manage-secrets.ts';

let ctx: TestContext;
beforeEach(async () => {
  ctx = await createTestContext();
});
afterEach(() => checkAndDispose(ctx));

interface Options extends Partial<CreateSecretInput['secret']> {
  secretKey?: string;
}

const save = ({ secretKey = 'key of it', ...secret }: Options = {}) =>
  createSecret(ctx, ctx.account, {
    secret: { id: 'media', secretType: 'aws', accessKey: 'access', ...secret },
    secretKey,
  });
const list = async (type?: string) =>
  (await viewSecrets(ctx, ctx.account, type)).map(({ row }) => row.id);

describe('a secret', () => {
  it('is listed with everything but its key, and stored readable nowhere', async () => {
    const params = new RawJson('{"endpoint":"https://s3","B":"1"}');
    await save({ name: 'Media', params, expiresAt: '2030-01-01T01:00:00+01:00' });
    const [view] = await viewSecrets(ctx, ctx.account, undefined);
    expect(view?.row).toMatchObject({ id: 'media', type: 'aws', name: 'Media' });
    expect(view?.row.expires_at).toBe(Date.UTC(2030, 0, 1));
    expect(view?.content.params).toBe(params.text);
    const rows = JSON.stringify(await ctx.store.db.selectFrom('secret').selectAll().execute());
    for (const text of ['key of it', 'access', 'https://s3']) expect(rows).not.toContain(text);
  });

  it('replaces the one of its id, whatever its type was', async () => {
    await save();
    await save({ secretType: 'gcp', accessKey: 'other' });
    const views = await viewSecrets(ctx, ctx.account, undefined);
    expect(views.map(({ row, content }) => [row.type, content.accessKey])).toEqual([
      ['gcp', 'other'],
    ]);
  });

  it('gets an id when it comes without one', async () => {
    const id = await save({ id: '' });
    expect(await list()).toEqual([id]);
    expect(id).toMatch(/^[0-9a-f-]{36}$/);
  });

  it('is found by the type’s other spelling too', async () => {
    await save({ id: 'a', secretType: 's3' });
    await save({ id: 'b', secretType: 'other', accessKey: '' });
    expect(await list('s3')).toEqual(['a']);
    expect(await list('aws')).toEqual(['a']);
    expect(await list('other')).toEqual(['b']);
    expect(await list('')).toEqual(['a', 'b']);
    await expect(list('azure')).rejects.toThrow('secretType must be one of aws, gcp, storj, other');
    await removeSecret(ctx, ctx.account, 's3', 'a');
    expect(await list()).toEqual(['b']);
  });

  it('is deleted once, by its own type and owner', async () => {
    await save();
    const other = { ...ctx.account, id: await addAccount(ctx.store) };
    const gone = 'secret not found';
    await expect(removeSecret(ctx, ctx.account, 'gcp', 'media')).rejects.toThrow(gone);
    await expect(removeSecret(ctx, ctx.account, 'azure', 'media')).rejects.toThrow(gone);
    await expect(removeSecret(ctx, other, 'aws', 'media')).rejects.toThrow(gone);
    expect(await viewSecrets(ctx, other, undefined)).toEqual([]);
    await removeSecret(ctx, ctx.account, 'aws', 'media');
    await expect(removeSecret(ctx, ctx.account, 'aws', 'media')).rejects.toThrow(gone);
  });

  it.each<[Options, string]>([
    [{ secretType: 'azure' }, 'secret.secretType must be one of aws, gcp, storj, other'],
    [{ accessKey: '' }, 'secret.accessKey is required for a secret of type aws'],
    [{ params: new RawJson('{"a":1}') }, 'secret.params must hold texts only'],
  ])('is refused: %j', async (options, message) => {
    await expect(save(options)).rejects.toThrow(message);
    expect(await list()).toEqual([]);
  });
});

describe('a job whose component asks for secrets', () => {
  async function appWith(...secrets: string[]): Promise<string> {
    return addComponent(ctx, 'app', { secrets });
  }

  it('gives them to its tasks as they are now', async () => {
    const media = { name: 'Media', expiresAt: '2035-01-01T00:00:00Z' };
    await save(media);
    await save({ id: 'api', secretType: 'other', accessKey: '' });
    await startJob(ctx, { app: await appWith('api', 'media') });
    await runSteps(ctx);
    await save({ ...media, secretKey: 'rotated' });
    const runner = await TestRunner.register(ctx);
    const { contexts, grants } = await runner.exchange({
      free: { cpus: 1, memoryBytes: 1e12 },
    });
    expect(contexts[0]?.secrets).toEqual([
      {
        id: 'api',
        secretType: 'other',
        name: '',
        accessKey: '',
        secretKey: 'key of it',
        expiresAt: null,
        params: {},
      },
      {
        id: 'media',
        secretType: 'aws',
        name: 'Media',
        accessKey: 'access',
        secretKey: 'rotated',
        expiresAt: '2035-01-01T00:00:00.000Z',
        params: {},
      },
    ]);
    const [grant] = grants;
    if (grant) await runner.report(succeeded(ctx, grant, {}));
  });

  it.each([
    ['that is missing', {}],
    ['of another id', { id: 'Media' }],
    ['that has expired', { expiresAt: '2001-01-01T00:00:00Z' }],
  ])('does not start with one %s, and stays a draft', async (_, options) => {
    if (Object.keys(options).length > 0) await save(options);
    const draft = await draftJob(ctx, { app: await appWith('media') });
    const run = runJob(ctx, ctx.account, draft.id, {});
    await expect(run).rejects.toMatchObject({
      kind: 'FAILED_PRECONDITION',
      message: 'secret not found: media',
    });
    expect((await jobNow(ctx, draft)).state).toBe('NEW');
  });

  it('does not start with two that would be one variable', async () => {
    for (const id of ['a-b', 'a.b', 'x', 'x_SECRET_KEY']) await save({ id });
    for (const [first, second] of [['a-b', 'a.b'] as const, ['x', 'x_SECRET_KEY'] as const]) {
      const draft = await draftJob(ctx, { app: await appWith(first, second) });
      const run = runJob(ctx, ctx.account, draft.id, {});
      await expect(run).rejects.toThrow(`the secrets ${first} and ${second} would both be given`);
    }
  });

  it('fails when one is deleted on the way, and says which', async () => {
    await save();
    const job = await startJob(ctx, { app: await appWith('media') });
    await runSteps(ctx);
    await removeSecret(ctx, ctx.account, 'aws', 'media');
    const runner = await TestRunner.register(ctx);
    expect(await runner.claim(1)).toEqual([]);
    const view = await getJob(ctx, ctx.account, job.id);
    expect(view.job).toMatchObject({ state: 'FAILED', failure_reason: 'INTERNAL' });
    expect(view.job.error_message).toMatch(/^secret not found: media, which app.* needs$/);
  });
});

it('the password of a source is stored sealed, and read for the transfer only', async () => {
  const app = await addComponent(ctx, 'app');
  const draft = await draftJob(ctx, {
    app,
    source: { url: 'http://127.0.0.1:1/x', username: 'ada', password: 'pass word' },
  });
  const docs = JSON.stringify(await ctx.store.db.selectFrom('job_doc').selectAll().execute());
  expect(docs).toContain('ada');
  expect(docs).not.toContain('pass word');
  expect((await jobNow(ctx, draft)).state).toBe('NEW');
});

it('the master key is rotated by administrators only, and secrets stay', async () => {
  await save();
  const user = { ...ctx.account, role: 'ROLE_USER' as const };
  await expect(rotateMasterKey(ctx, user)).rejects.toMatchObject({ kind: 'PERMISSION_DENIED' });
  const masters = () => ctx.store.db.selectFrom('data_key').select('master').execute();
  const before = await masters();
  await rotateMasterKey(ctx, ctx.account);
  expect(await masters()).not.toEqual(before);
  const [view] = await viewSecrets(ctx, ctx.account, undefined);
  expect(view?.content.secretKey).toBe('key of it');
});
