import { ApiError, RawJson, type TemplateInput } from '@bytenite/contract';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createTestContext, type TestContext } from '../../testing/context.ts';
import { newAccount } from '../../testing/accounts.ts';
import type { Account } from '../auth/account.ts';
import { getTemplate } from './get-template.ts';
import { listTemplates } from './list-templates.ts';
import { publishTemplate } from './publish-template.ts';
import { pushTemplate } from './push-template.ts';

let ctx: TestContext;
/** Every test has accounts of its own. */
let account: Account;
let other: Account;

beforeAll(async () => {
  ctx = await createTestContext();
});

beforeEach(async () => {
  account = await newAccount(ctx);
  other = await newAccount(ctx);
});

afterAll(async () => {
  await ctx.dispose();
});

async function push(input: TemplateInput, by: Account = account): Promise<void> {
  ctx.advance(1000);
  await pushTemplate(ctx, by, input);
}

describe('a template', () => {
  it('keeps the priority of its config where the one beside it asks for none', async () => {
    const config = { priority: 'FAST' } as const;
    await push({ id: 'fast', app: 'a', config, priority: 'UNDEFINED' });
    await push({ id: 'none', app: 'a', config: { priority: 'UNDEFINED' } });
    expect((await getTemplate(ctx, account, 'fast')).doc.config).toEqual(config);
    expect((await getTemplate(ctx, account, 'none')).doc.config).toEqual({});
  });

  it('keeps the user`s params as they were written, and has engines without being told', async () => {
    const app = new RawJson('{ "min": 1.0, "b": 2 }');
    await push({ id: 'word+count.v1', app: ' word-count@1 ', params: { app } });
    const { doc, params, snapshot } = await getTemplate(ctx, account, 'word+count.v1');
    expect(params).toEqual({ app: app.text, partitioner: '{}', assembler: '{}' });
    expect(doc).toMatchObject({ app: 'word-count@1', partitioner: 'passthrough' });
    expect(snapshot.info).toEqual({
      id: 'word+count.v1',
      owner: account.id,
      description: '',
      app: 'word-count@1',
      partitioner: 'passthrough',
      assembler: 'passthrough',
    });
  });

  it('is replaced whole by a later push, but for the time it was made', async () => {
    await push({ id: 't', app: 'a', description: 'old', config: { taskTimeout: 5 } });
    const { row: old } = await getTemplate(ctx, account, 't');
    await push({ id: 't', app: 'b' });
    const { row, doc } = await getTemplate(ctx, account, 't');
    expect(row.created_at).toBe(old.created_at);
    expect(row.updated_at).toBeGreaterThan(old.updated_at);
    expect(doc).toMatchObject({ app: 'b', description: '', config: {} });
  });

  it.each([
    [{ app: 'not a tag' }, 'app must be a tag'],
    [{ app: 'passthrough' }, 'app must not be passthrough'],
    [{ partitioner: 'a@x' }, 'partitioner must be a tag'],
    [{ dataSource: { dataSourceDescriptor: 'bucket' } }, 'bucket cannot be used as a data source'],
    [{ config: { toleratedFailures: 'most' } }, 'config.toleratedFailures'],
  ] as [Partial<TemplateInput>, string][])('is refused: %j', async (changes, message) => {
    const error: unknown = await push({ id: 't', app: 'a', ...changes }).catch((e: unknown) => e);
    expect(error).toBeInstanceOf(ApiError);
    expect((error as ApiError).message).toContain(message);
  });

  it('is refused when its params are more than a task can get', async () => {
    const app = new RawJson(`{"x":"${'x'.repeat(130_000)}"}`);
    await expect(push({ id: 't', app: 'a', params: { app } })).rejects.toThrow('params.app is');
  });

  it('is its account`s alone, and so is its id', async () => {
    await push({ id: 't', app: 'mine' });
    await expect(getTemplate(ctx, other, 't')).rejects.toThrow('template not found');
    await push({ id: 't', app: 'theirs' }, other);
    expect((await getTemplate(ctx, account, 't')).doc.app).toBe('mine');
    expect((await getTemplate(ctx, other, 't')).doc.app).toBe('theirs');
  });

  it('of another account is found once it is public, behind an own one', async () => {
    await push({ id: 't', app: 'theirs' }, other);
    await publishTemplate(ctx, other, 't');
    expect((await getTemplate(ctx, account, 't')).userName).toBe(other.id);
    const { templates } = await listTemplates(ctx, account, { isPublic: true });
    expect(templates.map(({ doc }) => doc.app)).toEqual(['theirs']);
    expect((await listTemplates(ctx, account, {})).templates).toEqual([]);
    await push({ id: 't', app: 'mine' });
    expect((await getTemplate(ctx, account, 't')).doc.app).toBe('mine');
  });
});

it('lists templates, the newest first, or in the order asked for', async () => {
  for (const id of ['b', 'c', 'a']) await push({ id, app: `app-${id}` });
  const ids = async (query: object) => {
    const { templates, pagination } = await listTemplates(ctx, account, query);
    return { ids: templates.map(({ row }) => row.id), total: pagination.total };
  };
  expect(await ids({})).toEqual({ ids: ['a', 'c', 'b'], total: 3 });
  expect(await ids({ orderBy: 'app' })).toEqual({ ids: ['a', 'b', 'c'], total: 3 });
  expect(await ids({ orderBy: '-id', limit: 1, offset: 1 })).toEqual({ ids: ['b'], total: 3 });
});
