import { getEventListeners } from 'node:events';
import { Kysely, sql } from 'kysely';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import {
  connected,
  openTestStore,
  POSTGRES_URL,
  takeDatabase,
  type TestDatabase,
} from '../testing/postgres.ts';
import { untilSettled } from '../testing/store-fixture.ts';
import { addAccount, addChunks, addJob, addLease, T0 } from '../testing/rows.ts';
import { openDatabaseClock } from './database-clock.ts';
import { findLease, renewLeases, takeDueLeases } from './leases.ts';
import { writeMeta } from './meta.ts';
import { postgresDialect } from './postgres.ts';
import { eventBounds, eventsAfter, insertEvents } from './records.ts';
import { describeStore } from './store.conformance.ts';
import type { Store } from './store.ts';
import type { Tables } from './tables.ts';

describe.skipIf(POSTGRES_URL === undefined)('PostgreSQL', () => {
  describeStore('postgres', async () => {
    const { url, release } = await takeDatabase();
    return { open: () => openTestStore(url), release };
  });

  describe('by itself', () => {
    let database: TestDatabase;
    let stores: Store[];
    beforeEach(async () => {
      database = await takeDatabase();
      stores = [];
    });
    afterEach(async () => {
      await Promise.all(stores.map((store) => store.close()));
      await database.release();
    });
    const open = async () => {
      const store = await openTestStore(database.url);
      stores.push(store);
      return store;
    };

    it('shows an event only when none with a lower id can come any more', async () => {
      const store = await open();
      const account = await addAccount(store);
      const event = (body: string) => ({
        account,
        job: 1,
        at: store.now(),
        type: 'job' as const,
        body,
      });
      const seen = async () =>
        (await eventsAfter(store.db, { account, afterId: 0, job: null, limit: 10 })).map(
          ({ body }) => body,
        );
      await store.transact((tx) => insertEvents(tx, [event('before')]));
      await untilSettled(store);
      await store.transact(async (tx) => {
        await insertEvents(tx, [event('slow')]);
        await store.transact((other) => insertEvents(other, [event('fast')]));
        expect(await seen()).toEqual(['before']);
        expect(await eventBounds(store.db)).toMatchObject({ last: 1 });
      });
      await untilSettled(store);
      expect(await seen()).toEqual(['before', 'slow', 'fast']);
      expect(await eventBounds(store.db)).toMatchObject({ first: 1, last: 3 });
    });

    it("tells the database's time", async () => {
      const store = await open();
      const { rows } = await sql<{ now: number }>`
      select cast(extract(epoch from clock_timestamp()) * 1000 as double precision) as now`.execute(
        store.db,
      );
      expect(Math.abs(store.now() - (rows[0]?.now ?? 0))).toBeLessThan(5000);
    });

    it('hears what another announces, and lets one at a time do what is for one', async () => {
      const [one, two] = [await open(), await open()];
      if (one.shared === null || two.shared === null) throw new Error('it must be shared');
      const heard = new Signal();
      const stop = new AbortController();
      const listening = one.shared.listen((message) => heard.add(message), stop.signal);
      await heard.until('');
      await two.shared.announce('it has begun');
      await heard.until('it has begun');
      stop.abort();
      await listening;

      let inside = 0;
      const act = async () => {
        inside += 1;
        expect(inside).toBe(1);
        await two.db.selectFrom('meta').selectAll().execute();
        inside -= 1;
      };
      await Promise.all([one.shared.alone('vault', act), two.shared.alone('vault', act)]);
    });

    it('hears again after its connection was cut, and keeps nothing of the one before', async () => {
      const store = await open();
      if (store.shared === null) throw new Error('it must be shared');
      const heard = new Signal();
      const stop = new AbortController();
      const listening = store.shared.listen((message) => heard.add(message), stop.signal);
      await heard.until('');
      for (const round of ['first', 'second']) {
        const mark = `cut for the ${round} time`;
        await store.shared.announce(mark);
        await heard.until(mark);
        await sql`
          select pg_terminate_backend(pid) from pg_stat_activity
          where datname = current_database() and pid <> pg_backend_pid()
          and query like 'select pg_advisory_lock_shared%'`.execute(store.db);
        await heard.again('');
      }
      expect(getEventListeners(stop.signal, 'abort')).toHaveLength(1);
      stop.abort();
      await listening;
    });

    it('tells the right time though its connections were busy when it asked', async () => {
      const options = {
        url: database.url,
        connections: 1,
        connectMs: 10_000,
        statementMs: 30_000,
      };
      const db = new Kysely<Tables>({ dialect: postgresDialect(options) });
      await sql`select 1`.execute(db);
      // Half of this is what a wait would put the clock off by.
      const busy = sql`select pg_sleep(2)`.execute(db);
      const clock = await openDatabaseClock(db);
      const { rows } = await sql<{ now: number }>`
      select cast(extract(epoch from clock_timestamp()) * 1000 as double precision) as now`.execute(
        db,
      );
      expect(Math.abs(clock.now() - (rows[0]?.now ?? 0))).toBeLessThan(900);
      clock.close();
      await busy;
      await db.destroy();
    });

    it('does not end a lease that is renewed while it waits for it', async () => {
      const store = await open();
      const account = await addAccount(store);
      const job = (await addJob(store, account, 'PARTITIONED', { num_chunks: 1 })).no;
      await addChunks(store, job, 1);
      const id = await addLease(store, job, 0, { deadline_at: T0 });
      const taken = await store.transact(async (tx) => {
        expect([...(await renewLeases(tx, 'runner', 'first', [id], T0 + 9000))]).toEqual([id]);
        const reaped = store.transact((other) => takeDueLeases(other, job, T0));
        await vi.waitFor(async () => expect(await waitingForLocks(store)).toBe(1));
        return { reaped };
      });
      expect(await taken.reaped).toEqual([]);
      expect(await findLease(store.db, id)).toMatchObject({ deadline_at: T0 + 9000 });
    });

    it('is brought up to date by one of those that start at once', async () => {
      await connected(database.url, (admin) =>
        admin.query('drop schema public cascade; create schema public'),
      );
      const opened = await Promise.all([open(), open(), open()]);
      for (const store of opened) await addAccount(store);
      expect(await opened[0]?.db.selectFrom('account').select('id').execute()).toHaveLength(3);
    });

    it('stores texts without NUL, which it has no place for, and sorts them by their bytes', async () => {
      const store = await open();
      for (const key of ['b\0', 'a', 'B', 'ä']) await writeMeta(store.db, key, key);
      const rows = await store.db.selectFrom('meta').select('key').orderBy('key').execute();
      expect(rows.map(({ key }) => key)).toEqual(['B', 'a', 'b', 'ä']);
    });
  });
});

/** Sessions on this database that wait for another's transaction. */
async function waitingForLocks(store: Store): Promise<number> {
  const { rows } = await sql<{ n: number }>`
    select cast(count(*) as integer) as n from pg_stat_activity
    where datname = current_database() and wait_event_type = 'Lock'`.execute(store.db);
  return rows[0]?.n ?? 0;
}

/** Messages, and a wait for one of them. */
class Signal {
  private readonly messages: string[] = [];
  private wake: () => void = () => undefined;
  add(message: string): void {
    this.messages.push(message);
    this.wake();
  }
  /** Once more than it was heard so far. */
  async again(message: string): Promise<void> {
    const count = () => this.messages.filter((other) => other === message).length;
    const before = count();
    while (count() === before) {
      await new Promise<void>((resolve) => {
        this.wake = resolve;
      });
    }
  }
  async until(message: string): Promise<void> {
    while (!this.messages.includes(message)) {
      await new Promise<void>((resolve) => {
        this.wake = resolve;
      });
    }
  }
}
