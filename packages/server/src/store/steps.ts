import { locksRows } from './dialect.ts';
import type { Db, Tx } from './store.ts';
import type { StepName, StepRow } from './tables.ts';

interface NewStep {
  job: number;
  run: number;
  name: StepName;
  readyAt: number;
  input?: string;
  /** It is its owner's at once: who ended the step before goes on with it. */
  claimed?: { owner: string; deadline: number };
}

/** Makes a stage runnable; part of the transaction that changes the job's state. */
export async function insertStep(tx: Tx, step: NewStep): Promise<StepRow> {
  const { claimed } = step;
  return tx
    .insertInto('step')
    .values({
      job: step.job,
      run: step.run,
      name: step.name,
      owner: claimed?.owner ?? '',
      fence: claimed === undefined ? 0 : 1,
      deadline_at: claimed?.deadline ?? 0,
      input: step.input ?? '',
      tries: 0,
      ready_at: step.readyAt,
    })
    .returningAll()
    .executeTakeFirstOrThrow();
}

/** Takes the step that has waited longest and that nobody runs; its fence is new. */
export async function claimStep(
  tx: Tx,
  owner: string,
  now: number,
  leaseMs: number,
  /** Steps that are not to be begun. */
  except: readonly StepName[] = [],
): Promise<StepRow | undefined> {
  const step = await tx
    .selectFrom('step')
    .innerJoin('job', 'job.no', 'step.job')
    .selectAll('step')
    .where('step.ready_at', '<=', now)
    .$if(except.length > 0, (query) => query.where('step.name', 'not in', except))
    .where((e) => e.or([e('step.owner', '=', ''), e('step.deadline_at', '<=', now)]))
    .orderBy('step.ready_at')
    .orderBy('step.job')
    .limit(1)
    // The job's lock comes first; where another transaction has it another step may be free.
    .$if(locksRows(tx), (query) => query.forNoKeyUpdate('job').skipLocked())
    .executeTakeFirst();
  if (step === undefined) return undefined;
  return tx
    .updateTable('step')
    .set({ owner, fence: step.fence + 1, deadline_at: now + leaseMs })
    .where('job', '=', step.job)
    .where('run', '=', step.run)
    .where('name', '=', step.name)
    .where('fence', '=', step.fence)
    .returningAll()
    .executeTakeFirst();
}

type Fenced = Pick<StepRow, 'job' | 'run' | 'name' | 'fence' | 'owner'>;

/** False when the step was given to someone else or its job has ended. */
export async function renewStep(tx: Db, step: Fenced, deadline: number): Promise<boolean> {
  return changed(tx, step, { deadline_at: deadline });
}

/** Gives a step back, to be tried again later. */
export async function postponeStep(
  tx: Tx,
  step: Fenced,
  later: { tries: number; readyAt: number },
): Promise<boolean> {
  const given = { owner: '', deadline_at: 0 };
  return changed(tx, step, { ...given, tries: later.tries, ready_at: later.readyAt });
}

async function changed(
  tx: Db,
  step: Fenced,
  patch: Partial<Pick<StepRow, 'deadline_at' | 'owner' | 'tries' | 'ready_at'>>,
): Promise<boolean> {
  const result = await tx
    .updateTable('step')
    .set(patch)
    .where('job', '=', step.job)
    .where('run', '=', step.run)
    .where('name', '=', step.name)
    .where('fence', '=', step.fence)
    .where('owner', '=', step.owner)
    .executeTakeFirst();
  return result.numUpdatedRows > 0n;
}

/** Ends a step that is still the caller's; the same transaction does what it stood for. */
export async function finishStep(tx: Tx, step: Fenced): Promise<boolean> {
  const result = await tx
    .deleteFrom('step')
    .where('job', '=', step.job)
    .where('run', '=', step.run)
    .where('name', '=', step.name)
    .where('fence', '=', step.fence)
    .where('owner', '=', step.owner)
    .executeTakeFirst();
  return result.numDeletedRows > 0n;
}

/** Ends the steps of a job, whoever runs them. */
export async function takeSteps(tx: Tx, job: number): Promise<StepRow[]> {
  return tx.deleteFrom('step').where('job', '=', job).returningAll().execute();
}

/** At the start of the only process: whatever a dead one was running is free. */
export async function releaseAllSteps(db: Db): Promise<void> {
  await db.updateTable('step').set({ owner: '', deadline_at: 0 }).execute();
}

/** Who runs steps whose deadline is not over. */
export async function busyStepOwners(db: Db, now: number): Promise<string[]> {
  const rows = await db
    .selectFrom('step')
    .select('owner')
    .distinct()
    .where('owner', '!=', '')
    .where('deadline_at', '>', now)
    .execute();
  return rows.map(({ owner }) => owner);
}

/** Of owners that are dead; the deadline stays, since what they wrote last may still be on its way. */
export async function releaseStepsOf(db: Db, owners: readonly string[]): Promise<void> {
  if (owners.length === 0) return;
  await db.updateTable('step').set({ owner: '' }).where('owner', 'in', owners).execute();
}

/** After a gap in time, like leases: who runs a step could not have renewed it meanwhile. */
export async function extendAllSteps(tx: Tx, deadline: number): Promise<void> {
  await tx.updateTable('step').set({ deadline_at: deadline }).where('owner', '!=', '').execute();
}

/** Whether a try of a step is the last that was begun, so that it may still be under way. */
export async function isLastTry(
  db: Db,
  { job, run, name, fence }: Omit<Fenced, 'owner'>,
): Promise<boolean> {
  const row = await db
    .selectFrom('step')
    .select('fence')
    .where('job', '=', job)
    .where('run', '=', run)
    .where('name', '=', name)
    .where('fence', '=', fence)
    .executeTakeFirst();
  return row !== undefined;
}

/** Steps of a job that wait or run. */
export async function jobSteps(db: Db, job: number): Promise<StepRow[]> {
  return db.selectFrom('step').selectAll().where('job', '=', job).execute();
}
