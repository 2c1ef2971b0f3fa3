/** Bugs to plant, each undoing one of the guards that chaos is there for: twenty seeds must find it. */
import { MUTATIONS as OF_KILLS, REPORTS_NEED_NO_LEASE } from '../kill/mutations.ts';
import type { PlantedBug } from '../support/mutants.ts';

const forgottenLease = OF_KILLS.filter(({ name }) => name === 'forgotten-lease');

export const MUTATIONS: readonly PlantedBug[] = [
  {
    name: 'fence-removed',
    what: 'a report is accepted although its lease is gone, as long as its task is open',
    edits: REPORTS_NEED_NO_LEASE,
  },
  ...forgottenLease,
  {
    name: 'key-ignored',
    what: 'two calls with one Idempotency-Key at the same time both have their effect',
    edits: [
      {
        file: 'store/idem.js',
        find: 'return inserted !== undefined;',
        replace: 'return inserted !== undefined || true;',
      },
    ],
  },
  {
    name: 'lock-removed',
    what: 'transactions that change the tasks of a job do not lock it first',
    edits: [
      {
        file: 'store/jobs.js',
        find: `.where('no', '=', no)
        .$if(locksRows(tx), (query) => query.forNoKeyUpdate())`,
        replace: `.where('no', '=', no)`,
      },
      {
        file: 'store/jobs.js',
        find: 'if (wanted.length === 0 || !locksRows(tx))',
        replace: 'if (wanted.length >= 0)',
      },
    ],
  },
  {
    name: 'step-unfenced',
    what: 'a server that lost a step ends it all the same',
    edits: [
      {
        file: 'engine/steps/step.js',
        find: 'if (job === undefined || !(await finishStep(tx, step)))',
        replace: 'await finishStep(tx, step);\n        if (job === undefined)',
      },
    ],
  },
  {
    name: 'never-told',
    what: 'a runner is not told which of its leases are gone',
    edits: [
      {
        file: 'engine/exchange/heartbeat.js',
        find: 'kill: request.leases.filter((lease) => !held.has(lease))',
        replace: 'kill: []',
      },
    ],
  },
];
