import { beforeEach, describe, expect, it } from 'vitest';
import { addAccount, addJob, T0, unique } from '../testing/rows.ts';
import type { Fixture } from '../testing/store-fixture.ts';
import {
  COMPONENT_FIELDS,
  countComponents,
  listComponents,
  type ComponentField,
} from './component-list.ts';
import { deleteComponent, insertComponent, insertRevision } from './components.ts';
import { deletePins, dropRevision, unneededRevisions } from './packages.ts';
import { insertPins } from './records.ts';
import type { ComponentRow, RevisionRow } from './tables.ts';
import {
  countTemplates,
  listTemplates,
  TEMPLATE_FIELDS,
  type TemplateField,
} from './template-list.ts';
import { saveTemplate } from './templates.ts';

export function describeComponents(fixture: Fixture): void {
  describe('components', () => {
    let account: string;
    beforeEach(async () => {
      account = await addAccount(fixture.store);
    });

    interface Added {
      component?: Partial<ComponentRow>;
      revision?: Partial<RevisionRow>;
      description?: string;
    }

    async function addRevision(id: string, { revision, description = '' }: Added): Promise<void> {
      const manifest = JSON.stringify({ platform: 'docker', entrypoint: 'main.py', description });
      const row = {
        component: id,
        revision: 1,
        status: 'inactive' as const,
        hash: unique('hash'),
        blob_key: unique('package'),
        size_bytes: 2 ** 33,
        manifest,
        schema: null,
        created_at: T0,
        token: null,
        origin: null,
        ...revision,
      };
      await fixture.store.transact((tx) => insertRevision(tx, row));
    }

    async function addComponent(added: Added = {}): Promise<string> {
      const id = unique('component');
      const row = {
        id,
        account,
        family: 'app' as const,
        type: 'app' as const,
        name: id,
        major: 0,
        minor: 1,
        is_public: 0,
        created_at: T0,
        deleted_at: null,
        ...added.component,
      };
      await fixture.store.transact((tx) => insertComponent(tx, row));
      await addRevision(id, added);
      return id;
    }

    describe('a list', () => {
      const scope = () => ({ owner: { account }, types: ['app'] as const });
      const ordered = async (column: ComponentField, descending = false) => {
        const { db, dialect } = fixture.store;
        const page = { order: { column, descending }, limit: 10, offset: 0 };
        const records = await listComponents(db, dialect, scope(), page);
        return records.map(({ component }) => component.name);
      };

      it('has the newest revision of each component that is there', async () => {
        const { db, dialect } = fixture.store;
        const id = await addComponent();
        await addRevision(id, { revision: { revision: 2, created_at: T0 + 5 } });
        await deleteComponent(db, await addComponent(), T0);
        await addComponent({ component: { family: 'engine', type: 'assembler' } });
        const page = { order: { column: 'id', descending: false }, limit: 10, offset: 0 } as const;
        const records = await listComponents(db, dialect, scope(), page);
        expect(records).toMatchObject([
          {
            component: { id, created_at: T0 },
            revision: { component: id, revision: 2, created_at: T0 + 5, size_bytes: 2 ** 33 },
          },
        ]);
        expect(await countComponents(db, scope())).toBe(1);
        expect(await countComponents(db, { ...scope(), owner: 'public' })).toBe(0);
      });

      it('is ordered by each of its fields, versions as numbers', async () => {
        await addComponent({
          component: { name: 'one', minor: 10, created_at: T0 + 1 },
          description: 'z',
        });
        await addComponent({
          component: { name: 'two', minor: 9, is_public: 1 },
          revision: { status: 'active' },
        });
        expect(await ordered('version')).toEqual(['two', 'one']);
        expect(await ordered('version', true)).toEqual(['one', 'two']);
        expect(await ordered('description')).toEqual(['two', 'one']);
        expect(await ordered('status')).toEqual(['two', 'one']);
        expect(await ordered('createdAt', true)).toEqual(['one', 'two']);
        expect(await ordered('isPublic', true)).toEqual(['two', 'one']);
        // Equal values: by id.
        expect(await ordered('platform', true)).toEqual(['one', 'two']);
        for (const field of COMPONENT_FIELDS) expect(await ordered(field)).toHaveLength(2);
      });
    });

    describe('a list of templates', () => {
      it('is ordered by each of its fields, and cut into pages', async () => {
        const { db, dialect } = fixture.store;
        const doc = { description: '', partitioner: 'p', assembler: 'a', config: {} };
        const sources = { dataSource: null, dataDestination: null };
        for (const [id, app] of Object.entries({ a: 'y', b: 'x', c: 'y' })) {
          await saveTemplate(db, {
            account,
            id,
            doc: { ...doc, ...sources, app },
            params: { app: '{}', partitioner: '{}', assembler: '{}' },
            now: T0,
          });
        }
        const page = async (column: TemplateField, offset = 0) => {
          const wanted = { order: { column, descending: false }, limit: 2, offset };
          const records = await listTemplates(db, dialect, { account }, wanted);
          return records.map(({ row }) => row.id);
        };
        expect(await page('app')).toEqual(['b', 'a']);
        expect(await page('app', 2)).toEqual(['c']);
        for (const field of TEMPLATE_FIELDS) expect(await page(field)).toHaveLength(2);
        expect(await countTemplates(db, { account })).toBe(3);
        expect(await countTemplates(db, 'public')).toBe(0);
      });
    });

    describe('a revision', () => {
      it('is needed while its component is there, and while a job pins it', async () => {
        const { store } = fixture;
        const [kept, pinned, free] = [
          await addComponent(),
          await addComponent(),
          await addComponent({ revision: { blob_key: 'package/free' } }),
        ];
        const { no } = await addJob(store, account);
        const pin = { job: no, component: pinned, revision: 1 };
        await store.transact((tx) => insertPins(tx, [pin]));
        for (const id of [pinned, free]) await deleteComponent(store.db, id, T0);
        const drop = (component: string) =>
          store.transact((tx) => dropRevision(tx, { component, revision: 1 }, T0));

        expect(await unneededRevisions(store.db, T0 - 1, 10)).toEqual([]);
        expect(await unneededRevisions(store.db, T0, 10)).toEqual([
          { component: free, revision: 1 },
        ]);
        expect([await drop(kept), await drop(pinned)]).toEqual([undefined, undefined]);
        expect(await drop(free)).toBe('package/free');
        expect(await drop(free)).toBeUndefined();
        await store.transact((tx) => deletePins(tx, no));
        expect(await drop(pinned)).toMatch(/^package/);
        const left = await store.db.selectFrom('component').select('id').execute();
        expect(left).toEqual([{ id: kept }]);
      });

      it('keeps its component as long as another one is there', async () => {
        const { store } = fixture;
        const id = await addComponent();
        await addRevision(id, { revision: { revision: 2 } });
        expect(await deleteComponent(store.db, id, T0)).toBe(true);
        expect(await deleteComponent(store.db, id, T0)).toBe(false);
        const count = async () =>
          (await store.db.selectFrom('component').select('id').execute()).length;
        for (const [revision, left] of [
          [1, 1],
          [2, 0],
        ] as const) {
          await store.transact((tx) => dropRevision(tx, { component: id, revision }, T0));
          expect(await count()).toBe(left);
        }
      });
    });
  });
}
