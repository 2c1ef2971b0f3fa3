import { beforeEach, describe, expect, it } from 'vitest';
import { addAccount, addChunks, addJob, addLease, T0, unique } from '../testing/rows.ts';
import {
  countPhases,
  extendAllLeases,
  findLease,
  holdsLeases,
  jobsOfLeases,
  jobsWithDueLeases,
  jobsWithStaleLeases,
  LEASES_AT_ONCE,
  leasesOfRunner,
  liveLeases,
  renewLeases,
  runsAlone,
  takeDueLeases,
  takeJobLeases,
  takeLeases,
  takeSiblings,
  takeStaleLeases,
  updatePhases,
  type PhasePatch,
} from './leases.ts';
import { deleteReady, dueClasses, insertReady, nextReadyAt, ORDINARY, takeReady } from './ready.ts';
import { isUniqueViolation, type Fixture } from '../testing/store-fixture.ts';

export function describeLeases(fixture: Fixture): void {
  describe('leases', () => {
    let account: string;
    let job: number;

    beforeEach(async () => {
      account = await addAccount(fixture.store);
      job = (await addJob(fixture.store, account, 'PARTITIONED', { num_chunks: 4 })).no;
      await addChunks(fixture.store, job, 4);
    });

    const idsOf = (rows: { id: string }[]) => rows.map((row) => row.id).toSorted();
    const deadlineOf = async (id: string) => (await findLease(fixture.store.db, id))?.deadline_at;

    describe('the lease as a fence', () => {
      it('is taken once, by its own runner, for its own job', async () => {
        const { store } = fixture;
        const other = await addJob(store, account, 'PARTITIONED');
        const mine = await addLease(store, job, 0, { runner: 'a' });
        const foreign = await addLease(store, job, 1, { runner: 'b' });
        const elsewhere = await addLease(store, other.no, 0, { runner: 'a' });
        const ids = [mine, foreign, elsewhere, 'unknown'];
        const take = () => store.transact((tx) => takeLeases(tx, job, 'a', ids));
        expect(idsOf(await take())).toEqual([mine]);
        expect(await take()).toEqual([]);
        expect(await findLease(store.db, foreign)).toBeDefined();
        expect(await findLease(store.db, elsewhere)).toBeDefined();
      });

      it('of two that take it at the same time lets one have it', async () => {
        const { store } = fixture;
        const id = await addLease(store, job, 0);
        const take = () => store.transact((tx) => takeLeases(tx, job, 'runner', [id]));
        const taken = await Promise.all([take(), take(), take()]);
        expect(taken.flat().map((lease) => lease.id)).toEqual([id]);
      });

      it('goes with those of the same task only, when another attempt of it has committed', async () => {
        const { store } = fixture;
        const first = await addLease(store, job, 0);
        const second = await addLease(store, job, 0, { attempt: 2, runner: 'other' });
        const neighbour = await addLease(store, job, 1);
        const engine = await addLease(store, job, 0, { kind: 'ASSEMBLER', run: 1 });
        const gone = await store.transact((tx) => takeSiblings(tx, job, 'APP', 0, [0, 3]));
        expect(idsOf(gone)).toEqual([first, second].toSorted());
        expect(idsOf(await liveLeases(store.db, job))).toEqual([neighbour, engine].toSorted());
      });

      it('goes with its job', async () => {
        const { store } = fixture;
        const other = await addJob(store, account, 'PARTITIONED');
        const kept = await addLease(store, other.no, 0);
        const ids = [await addLease(store, job, 0), await addLease(store, job, 1)];
        expect(idsOf(await store.transact((tx) => takeJobLeases(tx, job)))).toEqual(ids.toSorted());
        const jobs = await jobsOfLeases(store.db, [...ids, kept]);
        expect(Object.fromEntries(jobs)).toEqual({ [kept]: other.no });
      });
    });

    describe('the end of a lease', () => {
      it('comes when it is due, looked at again under the job’s lock', async () => {
        const { store } = fixture;
        const due = await addLease(store, job, 0, { deadline_at: T0 });
        const renewed = await addLease(store, job, 1, { deadline_at: T0, runner: 'alive' });
        expect(await jobsWithDueLeases(store.db, T0 - 1, 10)).toEqual([]);
        expect(await jobsWithDueLeases(store.db, T0, 10)).toEqual([job]);
        const named = [renewed];
        await store.transact((tx) => renewLeases(tx, 'alive', 'first', named, T0 + 1000));
        const taken = await store.transact((tx) => takeDueLeases(tx, job, T0));
        expect(idsOf(taken)).toEqual([due]);
      });

      it('comes at once for older incarnations of a runner that begins again', async () => {
        const { store } = fixture;
        const old = await addLease(store, job, 0, { runner: 'a', incarnation: 'old' });
        const current = await addLease(store, job, 1, { runner: 'a', incarnation: 'new' });
        const other = await addLease(store, job, 2, { runner: 'b', incarnation: 'old' });
        expect(await jobsWithStaleLeases(store.db, 'a', 'new')).toEqual([job]);
        const gone = await store.transact((tx) => takeStaleLeases(tx, job, 'a', 'new'));
        expect(idsOf(gone)).toEqual([old]);
        expect(idsOf(await liveLeases(store.db, job))).toEqual([current, other].toSorted());
        expect(await jobsWithStaleLeases(store.db, 'a', 'new')).toEqual([]);
      });

      it('comes to some in one transaction, to later attempts of a task before earlier ones', async () => {
        const { store } = fixture;
        const second = await addLease(store, job, 0, { attempt: 2, deadline_at: T0 });
        for (let chunk = 0; chunk < LEASES_AT_ONCE; chunk += 1) {
          await addLease(store, job, chunk, { deadline_at: T0 });
        }
        const take = () => store.transact((tx) => takeDueLeases(tx, job, T0));
        const first = await take();
        expect(first).toHaveLength(LEASES_AT_ONCE);
        expect(idsOf(first)).toContain(second);
        expect(await take()).toHaveLength(1);
        expect(await take()).toEqual([]);
      });
    });

    describe('renewal', () => {
      it('reaches the leases that the runner names and holds, in its present incarnation', async () => {
        const { store } = fixture;
        const patch = { runner: 'a', incarnation: 'new' };
        const named = await addLease(store, job, 0, patch);
        const unnamed = await addLease(store, job, 1, patch);
        const stale = await addLease(store, job, 2, { runner: 'a', incarnation: 'old' });
        const foreign = await addLease(store, job, 3, { runner: 'b', incarnation: 'new' });
        const ids = [named, stale, foreign, 'unknown'];
        const held = await store.transact((tx) => renewLeases(tx, 'a', 'new', ids, T0 + 9000));
        expect([...held]).toEqual([named]);
        expect(await deadlineOf(named)).toBe(T0 + 9000);
        for (const id of [unnamed, stale, foreign]) expect(await deadlineOf(id)).toBe(T0 + 1000);
      });

      it('never goes past the lease’s own limit', async () => {
        const { store } = fixture;
        const id = await addLease(store, job, 0, { limit_at: T0 + 5000 });
        const renew = (deadline: number) =>
          store.transact((tx) => renewLeases(tx, 'runner', 'first', [id], deadline));
        await renew(T0 + 4000);
        expect(await deadlineOf(id)).toBe(T0 + 4000);
        await renew(T0 + 6000);
        expect(await deadlineOf(id)).toBe(T0 + 5000);
      });

      it('after a gap in time gives every lease one more span, and none more than that', async () => {
        const { store } = fixture;
        const late = await addLease(store, job, 0, { deadline_at: T0 - 60_000 });
        const ahead = await addLease(store, job, 1, { deadline_at: T0 + 3_600_000 });
        await store.transact((tx) => extendAllLeases(tx, T0 + 1000));
        expect(await deadlineOf(late)).toBe(T0 + 1000);
        // The clock was set back: a dead runner's lease must not live until the old hour comes again.
        expect(await deadlineOf(ahead)).toBe(T0 + 1000);
      });
    });

    describe('phases', () => {
      it('are changed of all leases that are named and still there', async () => {
        const { store } = fixture;
        const [one, two] = [await addLease(store, job, 0), await addLease(store, job, 1)];
        const running: PhasePatch = {
          id: one,
          phase: 'RUNNING',
          received_at: T0,
          started_at: T0 + 1,
          limit_at: null,
        };
        const received: PhasePatch = {
          id: two,
          phase: 'RECEIVED',
          received_at: T0 + 2,
          started_at: null,
          limit_at: T0 + 3,
        };
        const gone = { ...running, id: 'gone' };
        await store.transact((tx) => updatePhases(tx, [running, gone, received]));
        expect(await findLease(store.db, one)).toMatchObject(running);
        expect(await findLease(store.db, two)).toMatchObject(received);
        expect(await findLease(store.db, 'gone')).toBeUndefined();
      });

      it('are reported for leases of the runner’s own only', async () => {
        const { store } = fixture;
        const [own, foreign] = [unique('runner'), unique('runner')];
        const id = await addLease(store, job, 0, { runner: own });
        expect(await leasesOfRunner(store.db, foreign, [id])).toEqual([]);
        expect(await leasesOfRunner(store.db, own, [id, 'gone'])).toMatchObject([{ id }]);
      });

      it('are known by their runner, and apart from them what it must run alone', async () => {
        const { store } = fixture;
        const [busy, alone, idle] = [unique('runner'), unique('runner'), unique('runner')];
        await addLease(store, job, 0, { runner: busy });
        await addLease(store, job, 1, { runner: alone, alone: 1, raised_bytes: 7 });
        const held = [busy, alone, idle].map((runner) => holdsLeases(store.db, runner));
        expect(await Promise.all(held)).toEqual([true, true, false]);
        const alones = [busy, alone, idle].map((runner) => runsAlone(store.db, runner));
        expect(await Promise.all(alones)).toEqual([false, true, false]);
      });

      it('are counted by job and kind', async () => {
        const { store } = fixture;
        await addLease(store, job, 0, { phase: 'RUNNING' });
        await addLease(store, job, 1, { phase: 'RUNNING' });
        await addLease(store, job, 0, { kind: 'ASSEMBLER', run: 1 });
        const counts = await countPhases(store.db, [job]);
        expect(counts.map((row) => `${row.kind} ${row.phase} ${row.count}`).toSorted()).toEqual([
          'APP RUNNING 2',
          'ASSEMBLER ASSIGNED 1',
        ]);
        expect(await countPhases(store.db, [])).toEqual([]);
      });
    });

    describe('tasks that wait outside the cursor', () => {
      const ready = (chunk: number, readyAt: number, attempt = 1) => ({
        job,
        kind: 'APP' as const,
        run: 0,
        chunk,
        attempt,
        ready_at: readyAt,
      });
      const take = (now: number, limit: number, asks = ORDINARY) =>
        fixture.store.transact((tx) =>
          takeReady(tx, { job, kind: 'APP', run: 0, ...asks }, now, limit),
        );

      it('are taken once, when they are due, the longest waiting first', async () => {
        const { store } = fixture;
        const rows = [ready(0, T0 + 2), ready(1, T0, 3), ready(2, T0 + 1), ready(3, T0 + 9)];
        await store.transact((tx) => insertReady(tx, rows));
        expect(await take(T0 - 1, 9)).toEqual([]);
        expect((await take(T0 + 2, 2)).map((row) => [row.chunk, row.attempt])).toEqual([
          [1, 3],
          [2, 1],
        ]);
        expect((await take(T0 + 2, 2)).map((row) => row.chunk)).toEqual([0]);
        expect(await nextReadyAt(store.db, job)).toBe(T0 + 9);
      });

      it('are taken of one kind, and go with their job', async () => {
        const { store } = fixture;
        const engine = {
          job,
          kind: 'ASSEMBLER' as const,
          run: 1,
          chunk: 0,
          attempt: 1,
          ready_at: T0,
        };
        await store.transact((tx) => insertReady(tx, [engine, ready(0, T0)]));
        expect((await take(T0, 9)).map((row) => row.kind)).toEqual(['APP']);
        await store.transact((tx) => deleteReady(tx, job));
        expect(await nextReadyAt(store.db, job)).toBeNull();
      });

      it('are taken of one run: what another one left is not taken with it', async () => {
        const { store } = fixture;
        await store.transact((tx) => insertReady(tx, [ready(0, T0), { ...ready(0, T0), run: 1 }]));
        expect((await take(T0, 9)).map((row) => row.run)).toEqual([0]);
        expect(await nextReadyAt(store.db, job)).toBe(T0);
      });

      it('are taken by what they ask for, and known by that, however many others wait', async () => {
        const { store } = fixture;
        const asking = (chunk: number, memory: number, alone = 0, readyAt = T0) => ({
          ...ready(chunk, readyAt),
          memory_bytes: memory,
          alone,
        });
        const rows = [
          ready(0, T0),
          asking(1, 20),
          asking(2, 20),
          asking(3, 40, 0, T0 + 9),
          asking(4, 0, 1),
          asking(5, 20, 1),
        ];
        await store.transact((tx) => insertReady(tx, rows));
        const stage = { job, kind: 'APP', run: 0 } as const;
        const classes = async (limit = 9) =>
          (await dueClasses(store.db, stage, T0, limit)).map((row) => [
            row.alone,
            row.memoryBytes,
            row.due,
          ]);
        const known = [
          [0, 0, 1],
          [0, 20, 2],
          [0, 40, 0],
          [1, 0, 1],
          [1, 20, 1],
        ];
        expect(await classes()).toEqual(known);
        expect((await classes(1)).map(([, , due]) => due)).toEqual([1, 1, 0, 1, 1]);
        expect((await take(T0, 9)).map((row) => row.chunk)).toEqual([0]);
        const raised = await take(T0, 9, { alone: 0, memoryBytes: 20 });
        expect(raised.map((row) => row.chunk)).toEqual([1, 2]);
        expect((await take(T0, 9, { alone: 1, memoryBytes: 0 })).map((row) => row.chunk)).toEqual([
          4,
        ]);
      });

      it('wait once only', async () => {
        const { store } = fixture;
        await store.transact((tx) => insertReady(tx, [ready(0, T0)]));
        const again = store.transact((tx) => insertReady(tx, [ready(0, T0 + 1, 2)]));
        await expect(again).rejects.toSatisfy(isUniqueViolation(fixture));
      });
    });
  });
}
