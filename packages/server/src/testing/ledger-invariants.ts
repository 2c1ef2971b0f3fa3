import { isTerminal } from '../domain/job-state.ts';
import { findLedgerProblems } from '../engine/wallet/check-ledger.ts';
import type { Store } from '../store/store.ts';
import type { JobRow } from '../store/tables.ts';

/** The book is whole, and every ended job is paid: what each run cost exactly once. */
export async function findBookProblems(store: Store, jobs: readonly JobRow[]): Promise<string[]> {
  const { problems } = await findLedgerProblems(store);
  const payments = await store.db
    .selectFrom('ledger')
    .select(['job', 'run', 'amount'])
    .where('type', '=', 'payment')
    .execute();
  for (const job of jobs) {
    const paid = payments.filter((payment) => payment.job === job.no);
    const sum = paid.reduce((total, { amount }) => total + amount, 0);
    const say = (what: string) => problems.push(`job ${job.no} (${job.state}): ${what}`);
    if (sum !== job.paid) say(`counts ${job.paid} paid, its payments are ${sum}`);
    if (isTerminal(job.state) && job.paid !== job.price)
      say(`costs ${job.price}, paid ${job.paid}`);
    const runs = paid.map(({ run }) => run);
    if (new Set(runs).size !== runs.length)
      say(`was paid more than once for a run: ${runs.join()}`);
    if (runs.some((run) => run === null || run > job.run)) say(`was paid for runs ${runs.join()}`);
    if (paid.some(({ amount }) => amount <= 0)) say('has a payment of nothing');
  }
  return problems;
}
