import { ApiError } from '@bytenite/contract';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { readPackage } from '../../archive/read-package.ts';
import { newAccount } from '../../testing/accounts.ts';
import { createTestContext, type TestContext } from '../../testing/context.ts';
import { componentPackage, packageOf } from '../../testing/package-of.ts';
import type { Account } from '../auth/account.ts';
import type { ComponentView } from './component-view.ts';
import { findPackageFile } from './find-package-file.ts';
import { getComponent, type Family } from './get-component.ts';
import { listComponents } from './list-components.ts';
import { pushComponent, REGISTRY_TOKEN } from './push-component.ts';
import { readPackageData } from './read-package-data.ts';
import { resolveTag } from './resolve-tag.ts';
import { activateComponent, deactivateComponent } from './switch-component.ts';

let ctx: TestContext;
/** Every test has an account of its own. */
let account: Account;

beforeAll(async () => {
  ctx = await createTestContext();
});

beforeEach(async () => {
  account = await newAccount(ctx);
});

afterAll(async () => {
  await ctx.dispose();
});

function push(data: string, family: Family = 'app') {
  return pushComponent(ctx, account, family, data);
}

async function pushed(name: string, version: string, content = ''): Promise<ComponentView> {
  ctx.advance(1000);
  return push(await componentPackage(name, { version }, { 'app/main.py': content }));
}

async function refusal(action: Promise<unknown>): Promise<ApiError> {
  const error: unknown = await action.then(
    () => new Error('accepted'),
    (reason: unknown) => reason,
  );
  if (error instanceof ApiError) return error;
  throw error;
}

function shown({ component, revision }: ComponentView): string {
  return `${component.name}@${component.major}.${component.minor}rev${revision.revision}`;
}

async function resolved(tag: string, active: boolean): Promise<string | null> {
  const query = { account: account.id, types: ['app'] as const, tag, active };
  const record = await resolveTag(ctx.store.db, query);
  return (
    record && `${record.component.major}.${record.component.minor}rev${record.revision.revision}`
  );
}

describe('a push', () => {
  it('makes an inactive first revision and stores the canonical package', async () => {
    const view = await push(await componentPackage('a', { description: 'Counts' }));
    expect(shown(view)).toBe('a@0.1rev1');
    expect(view.revision).toMatchObject({ status: 'inactive', hash: expect.stringMatching(/=$/) });
    expect(view.manifest.description).toBe('Counts');
    const stored = await readPackage(await readPackageData(ctx, view));
    expect([...stored.files.keys()]).toEqual(['app/main.py', 'manifest.json']);
  });

  it('of equal content is the revision that it was, also with other times and a top folder', async () => {
    const first = await push(await componentPackage('a', {}, { 'app/lib.py': 'x' }));
    const manifest = { name: 'a', version: '0.1', platform_config: { container: 'python:3.12' } };
    const second = await push(
      await packageOf({
        'a/app/lib.py': 'x',
        'a/app/main.py': '',
        'a/manifest.json': JSON.stringify(manifest, null, 4),
      }),
    );
    expect(second.revision).toEqual(first.revision);
  });

  it('of other content is a new revision with the version`s status', async () => {
    await pushed('a', '0.1', '1');
    expect((await pushed('a', '0.1', '2')).revision).toMatchObject({
      revision: 2,
      status: 'inactive',
    });
    await activateComponent(ctx, account, 'app', 'a');
    expect((await pushed('a', '0.1', '3')).revision).toMatchObject({
      revision: 3,
      status: 'active',
    });
    // Going back to what was there before is a change too.
    expect((await pushed('a', '0.1', '2')).revision.revision).toBe(4);
  });

  it('leaves nothing behind for good when it adds nothing', async () => {
    const data = await componentPackage('a');
    await push(data);
    await push(data);
    const { revision } = await getComponent(ctx, account, 'app', 'a');
    const packages: string[] = [];
    for await (const key of ctx.blobs.list('package')) packages.push(key);
    const marks = await ctx.store.db.selectFrom('gc').select('prefix').execute();
    const kept = packages.filter((key) => !marks.some(({ prefix }) => prefix === key));
    expect(kept).toContain(revision.blob_key);
    const rows = await ctx.store.db.selectFrom('revision').select('blob_key').execute();
    expect(kept.toSorted()).toEqual(rows.map(({ blob_key }) => blob_key).toSorted());
  });

  it('tells all that is wrong with a package at once', async () => {
    const error = await refusal(
      push(
        await componentPackage(
          'a',
          { version: '1', platform: 'podman', entrypoint: 'run.py' },
          { 'schema.json': '[]' },
        ),
      ),
    );
    expect(error.kind).toBe('INVALID_ARGUMENT');
    expect(error.violations.map(({ field }) => field)).toEqual([
      'manifest.json version',
      'manifest.json platform',
      'manifest.json entrypoint',
      'schema.json',
    ]);
    expect(error.message).toContain('manifest.json version must be "major.minor"');
  });

  it('tells what is wrong with the archive, the manifest and the name together', async () => {
    await push(await componentPackage('e', { type: 'partitioner' }));
    const manifest = { name: 'e', type: 'assembler', platform_config: { container: 'c' } };
    const error = await refusal(
      push(
        await packageOf({
          'manifest.json': JSON.stringify(manifest),
          'app/main.py': '',
          'APP/main.py': '',
          '../up': '',
          'schema.json': '[]',
        }),
      ),
    );
    expect(error.violations.map(({ field }) => field)).toEqual([
      'data',
      'data',
      'data',
      'manifest.json version',
      'manifest.json name',
      'schema.json',
    ]);
    expect(error.message).toContain('"../up" has ".." in its path; ');
  });

  it('keeps a registry token sealed, and shows it nowhere', async () => {
    const data = (token: string) =>
      componentPackage('a', { platform_config: { container: 'x', Token: token } });
    const first = await push(await data('pull me'));
    const sealed = async () => (await getComponent(ctx, account, 'app', 'a')).revision.token ?? '';
    expect(await ctx.vault.open(account.id, REGISTRY_TOKEN, await sealed())).toBe('pull me');
    expect(first.manifest.platformConfig.token).toBe('');
    const { files } = await readPackage(await readPackageData(ctx, first));
    expect(files.get('manifest.json')?.content.toString()).not.toMatch(/token|pull me/i);
    expect(first.revision.manifest).not.toContain('pull me');
    // It is no part of the content: a new one makes no revision, and none takes none away.
    expect((await push(await data('another'))).revision.revision).toBe(1);
    expect(await ctx.vault.open(account.id, REGISTRY_TOKEN, await sealed())).toBe('another');
    const before = await sealed();
    expect((await push(await data(''))).revision.revision).toBe(1);
    expect(await sealed()).toBe(before);
  });

  it('keeps what a manifest allows or hints at', async () => {
    const platform_config = {
      container: 'python',
      registrySecret: 'reg',
      network: 'none',
      preload: ['numpy'],
      read_only_input: true,
    };
    const { manifest } = await push(await componentPackage('a', { platform_config }));
    expect(manifest.platformConfig).toMatchObject({
      registrySecret: 'reg',
      network: 'none',
      preload: ['numpy'],
      readOnlyInput: true,
    });
  });

  it('tells what is wrong with an archive', async () => {
    for (const data of ['', '***', Buffer.from('no tar').toString('base64')]) {
      const error = await refusal(push(data));
      expect(error.violations[0]?.field).toBe('data');
    }
  });

  it('stores an engine as an engine, wherever it is pushed; an app is none', async () => {
    const engine = await push(await componentPackage('e', { type: 'partitioner' }));
    expect(engine.component).toMatchObject({ family: 'engine', type: 'partitioner' });
    const error = await refusal(push(await componentPackage('a'), 'engine'));
    expect(error.violations[0]).toMatchObject({ field: 'manifest.json type' });
  });

  it('refuses a name that the other type of engine has', async () => {
    await push(await componentPackage('e', { type: 'partitioner' }), 'engine');
    const other = await componentPackage('e', { type: 'assembler', version: '0.2' });
    expect((await refusal(push(other, 'engine'))).message).toBe(
      'manifest.json name is the name of your partitioner; an assembler needs another one',
    );
    // Apps have names of their own.
    expect(shown(await push(await componentPackage('e')))).toBe('e@0.1rev1');
  });

  it('takes an entrypoint beside app/, and text with a mark in front', async () => {
    const manifest = { name: 'a', version: '0.1', entrypoint: 'run.sh' };
    const text = JSON.stringify({ ...manifest, platform_config: { container: 'x' } });
    const view = await push(await packageOf({ 'manifest.json': `\ufeff${text}`, 'run.sh': '' }));
    expect(view.manifest.entrypoint).toBe('run.sh');
  });
});

describe('a tag', () => {
  beforeEach(async () => {
    await pushed('a', '1.9', '1');
    await pushed('a', '1.10', '1');
    await pushed('a', '2.0', '1');
    await activateComponent(ctx, account, 'app', 'a@1.9');
    await activateComponent(ctx, account, 'app', 'a@1.10');
    await pushed('a', '1.10', '2');
  });

  it.each([
    ['a', '2.0rev1', '1.10rev2'],
    ['a@1', '1.10rev2', '1.10rev2'],
    ['a@v1.9', '1.9rev1', '1.9rev1'],
    ['a@1.10rev1', '1.10rev1', '1.10rev1'],
    ['a@2', '2.0rev1', null],
    ['a@3', null, null],
    ['b', null, null],
    ['passthrough', null, null],
    ['not a tag', null, null],
  ])('%s names %s, and for jobs %s', async (tag, newest, active) => {
    expect(await resolved(tag, false)).toBe(newest);
    expect(await resolved(tag, true)).toBe(active);
  });

  it('is looked up in the caller`s account only, and so is an id', async () => {
    const other = await newAccount(ctx);
    const { component } = await getComponent(ctx, account, 'app', 'a@1.9');
    expect((await getComponent(ctx, account, 'app', component.id)).component).toEqual(component);
    for (const tag of ['a', 'a@1.9', component.id]) {
      expect((await refusal(getComponent(ctx, other, 'app', tag))).message).toBe('app not found');
      expect((await refusal(activateComponent(ctx, other, 'app', tag))).kind).toBe('NOT_FOUND');
    }
  });

  it('finds an engine under the apps` paths as long as no app has the name', async () => {
    await push(await componentPackage('e', { type: 'assembler', version: '3.0' }), 'engine');
    expect(shown(await getComponent(ctx, account, 'app', 'e'))).toBe('e@3.0rev1');
    await push(await componentPackage('e', { version: '0.1' }));
    expect(shown(await getComponent(ctx, account, 'app', 'e'))).toBe('e@0.1rev1');
    await expect(getComponent(ctx, account, 'app', 'e@3.0')).rejects.toThrow('app not found');
    expect(shown(await getComponent(ctx, account, 'engine', 'e'))).toBe('e@3.0rev1');
  });
});

describe('a status', () => {
  it('is set for the newest revision and taken from all', async () => {
    await pushed('a', '0.1', '1');
    await activateComponent(ctx, account, 'app', 'a');
    await pushed('a', '0.1', '2');
    expect(await resolved('a', true)).toBe('0.1rev2');
    const view = await deactivateComponent(ctx, account, 'app', 'a');
    expect(view.revision.status).toBe('inactive');
    expect(await resolved('a', true)).toBeNull();
    await activateComponent(ctx, account, 'app', 'a');
    expect(await resolved('a@0.1rev1', true)).toBeNull();
    expect(await resolved('a', true)).toBe('0.1rev2');
  });

  it('can be given to an older revision by its number', async () => {
    await pushed('a', '0.1', '1');
    await pushed('a', '0.1', '2');
    await activateComponent(ctx, account, 'app', 'a@0.1rev1');
    expect(await resolved('a', true)).toBe('0.1rev1');
  });
});

describe('a list', () => {
  beforeEach(async () => {
    await pushed('b', '0.9', '1');
    await pushed('a', '0.10', '1');
    await pushed('b', '0.9', '2');
    await push(await componentPackage('e', { type: 'partitioner' }), 'engine');
  });

  const list = async (family: Family, query: object) => {
    const { components, pagination } = await listComponents(ctx, account, family, query);
    return { tags: components.map(shown), pagination };
  };

  it('has one row a version, the newest version first', async () => {
    expect(await list('app', {})).toEqual({
      tags: ['a@0.10rev1', 'b@0.9rev2'],
      pagination: { total: 2, offset: 0, hasPrevious: false, hasNext: false },
    });
    expect((await list('engine', {})).tags).toEqual(['e@0.1rev1']);
  });

  it.each([
    ['name', ['a@0.10rev1', 'b@0.9rev2']],
    ['-updatedAt', ['b@0.9rev2', 'a@0.10rev1']],
    ['version', ['b@0.9rev2', 'a@0.10rev1']],
    ['-revision', ['b@0.9rev2', 'a@0.10rev1']],
  ])('is ordered by %s', async (orderBy, tags) => {
    expect((await list('app', { orderBy })).tags).toEqual(tags);
  });

  it('is cut into pages and filtered', async () => {
    expect(await list('app', { limit: 1, offset: 1, orderBy: 'name' })).toEqual({
      tags: ['b@0.9rev2'],
      pagination: { total: 2, offset: 1, hasPrevious: true, hasNext: false },
    });
    expect((await list('engine', { type: 'assembler' })).tags).toEqual([]);
    expect((await list('app', { isPublic: true })).tags).toEqual([]);
    await expect(list('app', { orderBy: 'price' })).rejects.toThrow('orderBy');
  });
});

it('keeps packages by revision behind their links', async () => {
  const { component } = await pushed('a', '0.1', '1');
  await pushed('a', '0.1', '22');
  const first = await findPackageFile(ctx, component.id, 1);
  const second = await findPackageFile(ctx, component.id, 2);
  expect(first.key).not.toBe(second.key);
  expect(second.name).toBe('a@0.1.tar');
  await expect(findPackageFile(ctx, component.id, 3)).rejects.toThrow('package not found');
});
