/** Bugs to plant, each undoing one of the guards that the kill test is there for. */
import type { Edit, PlantedBug } from '../support/mutants.ts';
import type { KillTestOptions } from './kill-test.ts';

export interface Mutation extends PlantedBug {
  /** The kill that shows it soonest. */
  shownBy: NonNullable<KillTestOptions['favourite']>;
  /** One of the broken promises has to say this. */
  caughtBy: RegExp;
}

/** Takes a report of success for what it says, lease or not. */
export const REPORTS_NEED_NO_LEASE: readonly Edit[] = [
  {
    file: 'engine/exchange/settle.js',
    find: 'const lease = leases.get(report.lease);',
    replace: `const lease = leases.get(report.lease) ?? (report.outcome.ok
            ? { ...report.ref, id: report.lease, runner, assigned_at: 0 }
            : undefined);`,
  },
  {
    file: 'engine/exchange/settle.js',
    find: 'if (leases.size === 0)',
    replace: 'if (finished.length + failed.length === 0)',
  },
];

export const MUTATIONS: readonly Mutation[] = [
  {
    name: 'fence-removed',
    what: 'a report is accepted although its lease is gone, as long as its task is open',
    edits: REPORTS_NEED_NO_LEASE,
    shownBy: 'freeze',
    caughtBy: /was won by attempt \d+, which is recorded as not committed/,
  },
  {
    name: 'double-commit',
    what: 'a repeated report commits again: neither its lease nor the task being open is asked for',
    edits: [
      ...REPORTS_NEED_NO_LEASE,
      {
        file: 'store/tasks.js',
        find: `.where('task.state', '=', 'open'))
    .returning(`,
        replace: `)
    .returning(`,
      },
    ],
    shownBy: 'server at commit',
    // The last one where the repeated report is of an attempt that had ended otherwise.
    caughtBy:
      /committed is \d+, the rows say \d+|was committed [2-9]\d* times|is recorded as not committed/,
  },
  {
    name: 'forgotten-lease',
    what: 'leases that ran out are never ended',
    edits: [
      {
        file: 'scheduler/reap-leases.js',
        find: 'if (gap > leaseMs / 2) {',
        replace: 'if (gap <= leaseMs / 2) return false;\n        {',
      },
    ],
    shownBy: 'freeze',
    caughtBy: /never ended|is still there/,
  },
];
