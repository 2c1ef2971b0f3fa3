import { readdir, readlink } from 'node:fs/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { watchDiskSpace } from '../../disk-space.ts';
import { newAccount } from '../../testing/accounts.ts';
import { createTestContext, type TestContext } from '../../testing/context.ts';
import { componentPackage } from '../../testing/package-of.ts';
import type { Account } from '../auth/account.ts';
import { changeUser } from '../auth/manage-users.ts';
import type { ComponentView } from './component-view.ts';
import { deleteComponent } from './delete-component.ts';
import { getComponent, type Family } from './get-component.ts';
import { importComponent } from './import-component.ts';
import { listComponents } from './list-components.ts';
import { publishComponent, unpublishComponent } from './publish-component.ts';
import { pushComponent } from './push-component.ts';
import { readPackageData } from './read-package-data.ts';
import { activateComponent, deactivateComponent } from './switch-component.ts';

let ctx: TestContext;
let owner: Account;
let other: Account;

beforeEach(async () => {
  ctx = await createTestContext();
  owner = await newAccount(ctx);
  other = await newAccount(ctx);
});
afterEach(() => ctx.dispose());

interface Pushed {
  by?: Account;
  name?: string;
  version?: string;
  content?: string;
  manifest?: object;
}

async function push(options: Pushed = {}): Promise<ComponentView> {
  const { by = owner, name = 'shared', version = '0.1', content = '', manifest = {} } = options;
  ctx.advance(1000);
  const data = await componentPackage(name, { version, ...manifest }, { 'app/main.py': content });
  return pushComponent(ctx, by, 'app', data);
}

const setDisabled = (user: Account, disabled: boolean) =>
  changeUser(ctx, ctx.account, user.id, { disabled });
const publish = (tag = 'shared', by = owner) => publishComponent(ctx, by, 'app', tag);
const take = (tag = 'shared', from?: string, family: Family = 'app') =>
  importComponent(ctx, other, family, { tag, owner: from });
const publicIds = async () => {
  const { components } = await listComponents(ctx, other, 'app', { isPublic: true, limit: 1000 });
  return components.map(({ component }) => component.id);
};

/** Packages that this process has open. */
async function openPackages(): Promise<string[]> {
  const names = await readdir('/proc/self/fd').catch(() => []);
  const links = await Promise.all(
    names.map((name) => readlink(`/proc/self/fd/${name}`).catch(() => '')),
  );
  return links.filter((link) => link.startsWith(ctx.config.dataDir) && link.includes('package'));
}

describe('a published component', () => {
  it('is not copied, and no file stays open, where the disk has no room for it', async () => {
    await push();
    await publish();
    const full = await watchDiskSpace(ctx.config.dataDir, { fraction: 1 }, ctx.logger);
    const low = { ...ctx, disk: full };
    const open = await openPackages();
    const named = { tag: 'shared', owner: undefined };
    await expect(importComponent(low, other, 'app', named)).rejects.toThrow('disk is almost full');
    expect(await openPackages()).toEqual(open);
    await ctx.store.db
      .updateTable('revision')
      .set({ size_bytes: 2 ** 52 })
      .execute();
    await expect(take()).rejects.toThrow(/disk is too full for \d+ MiB/);
  });

  it('is listed for all, and read by its id until it is unpublished', async () => {
    const { component, revision } = await push();
    const read = () => getComponent(ctx, other, 'app', component.id);
    await expect(read()).rejects.toThrow('app not found');
    await publish();
    expect(await publicIds()).toContain(component.id);
    expect(await read()).toMatchObject({ userName: owner.userName, revision });
    await setDisabled(owner, true);
    expect(await publicIds()).not.toContain(component.id);
    await expect(read()).rejects.toThrow('app not found');
    await expect(take()).rejects.toThrow('public app not found');
    await expect(take('shared', owner.id)).rejects.toThrow('public app not found');
    await expect(take(component.id)).rejects.toThrow('app not found');
    await setDisabled(owner, false);
    expect(await publicIds()).toContain(component.id);
    // A tag is always looked up in the caller's own account.
    await expect(getComponent(ctx, other, 'app', 'shared')).rejects.toThrow('app not found');
    await unpublishComponent(ctx, owner, 'app', 'shared');
    await expect(read()).rejects.toThrow('app not found');
    expect(await publicIds()).not.toContain(component.id);
  });

  it('is changed by its owner only', async () => {
    const { component } = await push();
    await publish();
    for (const change of [
      publishComponent,
      unpublishComponent,
      activateComponent,
      deactivateComponent,
      deleteComponent,
    ]) {
      await expect(change(ctx, other, 'app', component.id)).rejects.toThrow('app not found');
    }
    expect(await publicIds()).toContain(component.id);
  });

  it('shares its version, not the others of its name', async () => {
    const { component } = await push();
    const { component: later } = await push({ version: '0.2' });
    await publish('shared@0.1');
    expect(await publicIds()).toContain(component.id);
    expect(await publicIds()).not.toContain(later.id);
    const copy = await take();
    expect(copy.component).toMatchObject({ major: 0, minor: 1 });
  });
});

describe('an import', () => {
  it('is a copy of the account`s own, with the package, the status and nothing else', async () => {
    const source = await push({ content: 'print(1)', manifest: { description: 'Counts' } });
    await activateComponent(ctx, owner, 'app', 'shared');
    await publish();
    const copy = await take();
    expect(copy.component).toMatchObject({ account: other.id, name: 'shared', is_public: 0 });
    expect(copy.component.id).not.toBe(source.component.id);
    expect(copy.revision).toMatchObject({ revision: 1, status: 'active' });
    expect(copy.revision.hash).toBe(source.revision.hash);
    expect(copy.revision.blob_key).not.toBe(source.revision.blob_key);
    expect(await readPackageData(ctx, copy)).toBe(await readPackageData(ctx, source));
    await deleteComponent(ctx, owner, 'app', 'shared@0.1');
    expect(await getComponent(ctx, other, 'app', 'shared')).toEqual(copy);
  });

  it('leaves the owner`s registry token behind', async () => {
    const manifest = { platform_config: { container: 'python', token: 'pull me' } };
    const source = await push({ manifest });
    expect(source.revision.token).not.toBeNull();
    await publish();
    expect((await take()).revision.token).toBeNull();
  });

  it('by id, or by a tag of one revision, takes that', async () => {
    const { component } = await push({ content: '1' });
    await push({ content: '2' });
    await publish();
    const first = await take('shared@v0.1rev1');
    expect(await readPackageData(ctx, first)).toContain(Buffer.from('').toString('base64'));
    expect(first.revision.revision).toBe(1);
    const newest = await take(component.id);
    expect(newest.revision.revision).toBe(2);
    expect(newest.revision.hash).not.toBe(first.revision.hash);
  });

  it('is repeated without an effect, and takes what is new', async () => {
    await push({ content: '1' });
    await publish();
    const first = await take();
    expect(await take()).toEqual(first);
    await push({ content: '2' });
    const second = await take();
    expect(second.component).toEqual(first.component);
    expect(second.revision.revision).toBe(2);
  });

  it('never covers what the account pushed itself', async () => {
    await push({ content: 'theirs' });
    await publish();
    const own = await push({ by: other, content: 'mine' });
    await expect(take()).rejects.toMatchObject({
      kind: 'ALREADY_EXISTS',
      message: expect.stringContaining('you have an app shared@0.1 of your own'),
    });
    expect(await getComponent(ctx, other, 'app', 'shared')).toEqual(own);
    // The same content is no conflict, whoever pushed it.
    await push({ by: owner, content: 'mine' });
    expect(await take()).toEqual(own);
  });

  it('asks whose it shall be where several share the name', async () => {
    const third = await newAccount(ctx);
    await push({ content: 'a' });
    await push({ by: third, content: 'b' });
    await publish();
    await publish('shared', third);
    await expect(take()).rejects.toMatchObject({
      kind: 'INVALID_ARGUMENT',
      message: `owner is required: shared is shared by ${[owner, third]
        .map(({ userName }) => userName)
        .toSorted()
        .join(', ')}`,
    });
    const copy = await take('shared', third.userName);
    const original = await getComponent(ctx, third, 'app', 'shared');
    expect(copy.revision.hash).toBe(original.revision.hash);
    const byId = await take('shared', third.id);
    expect(byId).toEqual(copy);
    await expect(take('shared', 'nobody')).rejects.toThrow('public app not found');
  });

  it('finds neither what is private nor what is one`s own', async () => {
    const { component } = await push();
    for (const tag of ['shared', component.id, 'passthrough', 'no tag at all']) {
      await expect(take(tag)).rejects.toThrow('public app not found');
    }
    const own = await push({ by: other });
    await publish('shared', other);
    for (const tag of ['shared', own.component.id]) {
      await expect(take(tag)).rejects.toThrow('public app not found');
    }
  });

  it('finds engines below the apps` paths, and no app below the engines`', async () => {
    await push();
    await publish();
    await expect(take('shared', undefined, 'engine')).rejects.toThrow('public engine not found');
    await push({ name: 'splits', manifest: { type: 'partitioner' } });
    await publish('splits');
    expect((await take('splits')).component.type).toBe('partitioner');
  });
});
