/**
 * Bugs to plant: small edits of the compiled server, each undoing one of the guards that the kill test
 * is there for. A mutant is a copy inside the server's package, so that its imports resolve.
 */
import { cp, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { KillTestOptions } from './kill-test.ts';

const SERVER = path.resolve(import.meta.dirname, '../../packages/server');

interface Edit {
  file: string;
  /** Must occur exactly once, else the mutant would test nothing. */
  find: string;
  replace: string;
}

export interface Mutation {
  name: string;
  what: string;
  edits: readonly Edit[];
  /** The kill that shows it soonest. */
  shownBy: NonNullable<KillTestOptions['favourite']>;
  /** One of the broken promises has to say this. */
  caughtBy: RegExp;
}

/** Takes a report of success for what it says, lease or not. */
const REPORTS_NEED_NO_LEASE: readonly Edit[] = [
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
      { file: 'store/tasks.js', find: `.where('task.state', '=', 'open'))`, replace: ')' },
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

export interface Mutant {
  program: string;
  dispose: () => Promise<void>;
}

export async function buildMutant({ name, edits }: Mutation): Promise<Mutant> {
  const dir = path.join(SERVER, '.mutants', `${name}-${process.pid}`);
  await rm(dir, { recursive: true, force: true });
  await mkdir(path.dirname(dir), { recursive: true });
  await cp(path.join(SERVER, 'dist'), dir, { recursive: true });
  for (const { file, find, replace } of edits) {
    const target = path.join(dir, file);
    const code = await readFile(target, 'utf8');
    const count = code.split(find).length - 1;
    if (count !== 1) throw new Error(`${name}: "${find}" occurs ${count} times in ${file}`);
    await writeFile(
      target,
      code.replace(find, () => replace),
    );
  }
  return {
    program: path.join(dir, 'main.js'),
    dispose: () => rm(dir, { recursive: true, force: true }),
  };
}
