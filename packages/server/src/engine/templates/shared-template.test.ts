import { RawJson, type TemplateInput } from '@bytenite/contract';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { effectiveSource } from '../../domain/job-doc.ts';
import { readJobDoc } from '../../store/jobs.ts';
import { newAccount } from '../../testing/accounts.ts';
import { createTestContext, type TestContext } from '../../testing/context.ts';
import { checkAndDispose } from '../../testing/invariants.ts';
import { jobNow, runSteps } from '../../testing/jobs.ts';
import { componentPackage } from '../../testing/package-of.ts';
import { succeeded, TestRunner } from '../../testing/test-runner.ts';
import type { Account } from '../auth/account.ts';
import { changeUser } from '../auth/manage-users.ts';
import { publishComponent } from '../components/publish-component.ts';
import { pushComponent } from '../components/push-component.ts';
import { resolveTag } from '../components/resolve-tag.ts';
import { activateComponent } from '../components/switch-component.ts';
import { createJob } from '../jobs/create-job.ts';
import { updateParams } from '../jobs/edit-job.ts';
import { openPassword } from '../jobs/read-sources.ts';
import { runJob } from '../jobs/run-job.ts';
import { createSecret } from '../secrets/manage-secrets.ts';
import { deleteTemplate } from './delete-template.ts';
import { getTemplate } from './get-template.ts';
import { importTemplate } from './import-template.ts';
import { listTemplates, listUsableTemplates } from './list-templates.ts';
import { publishTemplate, unpublishTemplate } from './publish-template.ts';
import { pushTemplate } from './push-template.ts';

let ctx: TestContext;
let owner: Account;
let other: Account;

beforeEach(async () => {
  ctx = await createTestContext();
  owner = ctx.account;
  other = await newAccount(ctx);
});
afterEach(() => checkAndDispose(ctx));

interface Pushed {
  by?: Account;
  version?: string;
  content?: string;
  type?: 'app' | 'partitioner';
  secrets?: string[];
  schema?: object;
}

async function push(name: string, options: Pushed = {}): Promise<void> {
  const { by = owner, version = '1.0', content = '', type = 'app', secrets = [] } = options;
  const manifest = { version, type, platform_config: { container: 'python', secrets } };
  const files = {
    'app/main.py': content,
    ...(options.schema && { 'schema.json': JSON.stringify(options.schema) }),
  };
  const family = type === 'app' ? 'app' : 'engine';
  await pushComponent(ctx, by, family, await componentPackage(name, manifest, files));
  await activateComponent(ctx, by, family, `${name}@${version}`);
}

async function share(input: Partial<TemplateInput> = {}): Promise<void> {
  await pushTemplate(ctx, owner, { id: 't', app: 'counts', ...input });
  await publishTemplate(ctx, owner, 't');
}

async function draft(input: object = {}, by: Account = other): Promise<string> {
  return (await createJob(ctx, by, { templateId: 't', ...input })).job.id;
}

async function pinned(id: string) {
  const { no } = await ctx.store.db
    .selectFrom('job')
    .select('no')
    .where('id', '=', id)
    .executeTakeFirstOrThrow();
  return (await readJobDoc(ctx.store.db, no)).pinned;
}

describe('a job from another account`s public template', () => {
  it('runs the owner`s components, though the account has some of the same name', async () => {
    await push('counts', { content: 'theirs' });
    await push('counts', { by: other, version: '2.0', content: 'mine' });
    await share();
    const id = await draft();
    await runJob(ctx, other, id, {});
    expect((await pinned(id))?.app).toMatchObject({ tag: 'counts@1.0', owner: owner.id });
    await runSteps(ctx);
    const runner = await TestRunner.register(ctx);
    const { contexts, grants } = await runner.exchange({ free: { cpus: 1, memoryBytes: 1e12 } });
    expect(contexts[0]).toMatchObject({ owner: other.id, component: { owner: owner.id } });
    const [grant] = grants;
    if (grant) await runner.report(succeeded(ctx, grant, { out: 'x' }));
    await runSteps(ctx);
    const job = await ctx.store.db.selectFrom('job').select(['no', 'account']).executeTakeFirst();
    expect(job?.account).toBe(other.id);
    expect((await jobNow(ctx, { no: job?.no ?? 0 })).state).toBe('COMPLETE');
  });

  it('looks its own tags up in its own account', async () => {
    await push('counts');
    await push('counts', { by: other, version: '2.0' });
    await share({ partitioner: 'splits' });
    await push('splits', { type: 'partitioner' });
    const id = await draft({ app: 'counts' });
    await runJob(ctx, other, id, {});
    expect(await pinned(id)).toMatchObject({
      app: { tag: 'counts@2.0', owner: other.id },
      partitioner: { tag: 'splits@1.0', owner: owner.id },
    });
    const mine = await draft({ partitioner: 'splits' });
    await expect(runJob(ctx, other, mine, {})).rejects.toThrow('no active partitioner matches');
  });

  it('has its params checked against the owner`s schema', async () => {
    await push('counts', { schema: { required: ['min'] } });
    await share();
    const bad = draft({ params: { app: new RawJson('{}') } });
    await expect(bad).rejects.toThrow('params.app');
    await draft({ params: { app: new RawJson('{"min":1}') } });
  });

  it('can be started no more once the template is private or gone', async () => {
    await push('counts');
    await share();
    const [first, second] = [await draft(), await draft()];
    const own = await draft({}, owner);
    await unpublishTemplate(ctx, owner, 't');
    const refused = { kind: 'FAILED_PRECONDITION', message: 'template t is no longer public' };
    await expect(runJob(ctx, other, first, {})).rejects.toMatchObject(refused);
    const edit = updateParams(ctx, other, first, { app: new RawJson('{"a":1}') });
    await expect(edit).rejects.toMatchObject(refused);
    await expect(draft()).rejects.toThrow('template not found');
    await publishTemplate(ctx, owner, 't');
    await runJob(ctx, other, first, {});
    await deleteTemplate(ctx, owner, 't');
    await expect(runJob(ctx, other, second, {})).rejects.toMatchObject(refused);
    await runJob(ctx, owner, own, {});
  });

  it('can be started and drafted no more while the owner is disabled, nor found', async () => {
    await push('counts');
    await share();
    const id = await draft();
    const found = async () => {
      const lists = [{ isPublic: true }, {}].map((query) => listTemplates(ctx, other, query));
      const usable = listUsableTemplates(ctx, other, {});
      return (await Promise.all([...lists, usable])).map(({ templates }) => templates.length);
    };
    expect(await found()).toEqual([1, 0, 1]);
    await changeUser(ctx, owner, (await newAccount(ctx)).id, { role: 'ROLE_ADMIN' });
    await changeUser(ctx, owner, owner.id, { disabled: true });
    expect(await found()).toEqual([0, 0, 0]);
    await expect(draft()).rejects.toThrow('template not found');
    await expect(runJob(ctx, other, id, {})).rejects.toThrow('template t is no longer public');
    await expect(importTemplate(ctx, other, { id: 't', owner: undefined })).rejects.toThrow(
      'public template not found',
    );
    await changeUser(ctx, owner, owner.id, { disabled: false });
    expect(await found()).toEqual([1, 0, 1]);
    await runJob(ctx, other, id, {});
  });

  it('gets no secrets: neither the owner`s nor its own', async () => {
    for (const account of [owner, other]) {
      const secret = { id: 'media', secretType: 'aws', accessKey: 'a' };
      await createSecret(ctx, account, { secret, secretKey: 'k' });
    }
    await push('counts', { secrets: ['media'] });
    await share();
    const id = await draft();
    await expect(runJob(ctx, other, id, {})).rejects.toMatchObject({
      kind: 'FAILED_PRECONDITION',
      message: expect.stringContaining('the app counts belongs to another account'),
    });
    expect(await pinned(id)).toBeNull();
    await runJob(ctx, owner, await draft({}, owner), {});
  });

  it('gets no secrets either when the owner asks for some while it is validated', async () => {
    await push('counts');
    await share();
    const id = await draft();
    // The last thing before the transaction that starts it.
    await push('counts', { content: '2', schema: {} });
    const late: typeof ctx.schemas = {
      ...ctx.schemas,
      async validate(...args) {
        await push('counts', { content: '3', secrets: ['media'] });
        return ctx.schemas.validate(...args);
      },
    };
    await expect(runJob({ ...ctx, schemas: late }, other, id, {})).rejects.toThrow(
      'belongs to another account',
    );
    expect(await pinned(id)).toBeNull();
  });

  it('never has the password of the template`s source', async () => {
    await push('counts');
    const params = { url: 'http://127.0.0.1:1/x', username: 'ada', password: 'pass word' };
    await share({ dataSource: { dataSourceDescriptor: 'url', params } });
    const sourceOf = async (by: Account) => {
      const { doc } = await createJob(ctx, by, { templateId: 't' });
      const source = effectiveSource(doc);
      if (source === null) throw new Error('no source');
      return { sealed: source.params?.password, open: await openPassword(ctx, by.id, source) };
    };
    expect(await sourceOf(other)).toEqual({ sealed: '', open: '' });
    expect((await sourceOf(owner)).open).toBe('pass word');
  });
});

describe('an imported template', () => {
  const take = (from?: string) => importTemplate(ctx, other, { id: 't', owner: from });

  async function shareAll(): Promise<void> {
    await push('counts');
    await push('splits', { type: 'partitioner' });
    await publishComponent(ctx, owner, 'app', 'counts');
    await publishComponent(ctx, owner, 'engine', 'splits');
  }

  it('brings what its tags name, and runs without its owner', async () => {
    await shareAll();
    const app = new RawJson('{ "min": 1.0 }');
    await share({ partitioner: 'splits@1', params: { app }, description: 'Counts' });
    const copy = await take();
    expect(copy).toMatchObject({ userName: other.userName, row: { is_public: 0 } });
    expect(copy.doc).toMatchObject({ app: 'counts', partitioner: 'splits@1' });
    expect(copy.params.app).toBe(app.text);
    await deleteTemplate(ctx, owner, 't');
    const id = await draft();
    await runJob(ctx, other, id, {});
    expect(await pinned(id)).toMatchObject({
      app: { tag: 'counts@1.0', owner: other.id },
      partitioner: { tag: 'splits@1.0', owner: other.id },
    });
  });

  it('names its copies exactly where its tags would name something else', async () => {
    await shareAll();
    await push('counts', { by: other, version: '2.0', content: 'mine' });
    await share();
    expect((await take()).doc.app).toBe('counts@1.0');
    const id = await draft();
    await runJob(ctx, other, id, {});
    expect((await pinned(id))?.app?.tag).toBe('counts@1.0');
  });

  it('has no password', async () => {
    await shareAll();
    const params = { url: 'http://127.0.0.1:1/x', username: 'ada', password: 'pass word' };
    await share({ dataSource: { dataSourceDescriptor: 'url', params } });
    expect((await take()).doc.dataSource?.params).toMatchObject({ username: 'ada', password: '' });
  });

  it('needs its components to be public: running them is not reading them', async () => {
    await push('counts');
    await share();
    await expect(take()).rejects.toMatchObject({
      kind: 'FAILED_PRECONDITION',
      message: expect.stringContaining('the app counts@1.0 of template t is not public'),
    });
    await expect(getTemplate(ctx, other, 't')).resolves.toMatchObject({ userName: owner.userName });
  });

  it('is all there or not at all', async () => {
    await shareAll();
    await share({ partitioner: 'splits' });
    await push('splits', { by: other, type: 'partitioner', content: 'mine' });
    await expect(take()).rejects.toMatchObject({ kind: 'ALREADY_EXISTS' });
    const query = { account: other.id, types: ['app'] as const, tag: 'counts', active: false };
    expect(await resolveTag(ctx.store.db, query)).toBeNull();
    expect((await getTemplate(ctx, other, 't')).row.account).toBe(owner.id);
  });

  it('is repeated without an effect, and never covers an own one', async () => {
    await shareAll();
    await share();
    const first = await take();
    ctx.advance(1000);
    expect(await take()).toEqual(first);
    await pushTemplate(ctx, other, { id: 't', app: 'mine' });
    await expect(take()).rejects.toMatchObject({
      kind: 'ALREADY_EXISTS',
      message: expect.stringContaining('you have a template t of your own'),
    });
    expect((await getTemplate(ctx, other, 't')).doc.app).toBe('mine');
  });

  it('asks whose it shall be, and finds only public ones of others', async () => {
    await shareAll();
    await share();
    const third = await newAccount(ctx);
    await pushTemplate(ctx, third, { id: 't', app: 'counts' });
    expect((await take()).doc.app).toBe('counts');
    await publishTemplate(ctx, third, 't');
    await expect(take()).rejects.toThrow('owner is required: t is shared by');
    await expect(take(third.id)).rejects.toThrow('no active app matches counts');
    await expect(take('nobody')).rejects.toThrow('public template not found');
    const own = importTemplate(ctx, third, { id: 't', owner: third.id });
    await expect(own).rejects.toThrow('public template not found');
  });
});

it('a template is shared and deleted by its owner only', async () => {
  await pushTemplate(ctx, owner, { id: 't', app: 'counts' });
  for (const change of [publishTemplate, unpublishTemplate, deleteTemplate]) {
    await expect(change(ctx, other, 't')).rejects.toThrow('template not found');
  }
  await deleteTemplate(ctx, owner, 't');
  await expect(getTemplate(ctx, owner, 't')).rejects.toThrow('template not found');
  await expect(deleteTemplate(ctx, owner, 't')).rejects.toThrow('template not found');
});
