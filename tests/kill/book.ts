/** The book at one moment: it sums to zero, and every ended job is paid exactly once for each of its runs. */
import type { JobRow, LedgerRow, Snapshot } from './database.ts';

export function checkBook({ jobs, ledger, ledgerEntries, wallets }: Snapshot): string[] {
  const problems = jobs.flatMap((job) =>
    paidOnce(
      job,
      ledger.filter((row) => row.job === job.no),
    ).map((what) => `job ${job.id}: ${what}`),
  );
  const total = wallets.reduce((sum, { balance }) => sum + balance, 0);
  if (total !== 0) problems.push(`the book sums to ${total}`);
  for (const { account, balance } of wallets) {
    const sum = ledgerEntries
      .filter((entry) => entry.account === account)
      .reduce((all, { amount }) => all + amount, 0);
    if (sum !== balance) problems.push(`${account} has ${balance}, its entries sum to ${sum}`);
  }
  if (ledgerEntries.length !== 2 * ledger.length) {
    problems.push(`${ledger.length} transactions have ${ledgerEntries.length} entries`);
  }
  if (ledger.some(({ no }, i) => no !== i + 1)) problems.push('the book has a gap');
  return problems;
}

function paidOnce(job: JobRow, payments: readonly LedgerRow[]): string[] {
  const problems: string[] = [];
  const sum = payments.reduce((all, { amount }) => all + amount, 0);
  const runs = payments.map(({ run }) => run);
  const hasEnded = job.state === 'COMPLETE' || job.state === 'FAILED';
  if (new Set(runs).size !== runs.length) problems.push(`was paid for runs ${runs.join()}`);
  if (sum !== job.paid) problems.push(`counts ${job.paid} paid, its payments sum to ${sum}`);
  if (hasEnded && sum !== job.price) problems.push(`costs ${job.price} and was paid ${sum}`);
  if (!hasEnded && job.run === 1 && sum !== 0) problems.push(`is ${job.state} and was paid ${sum}`);
  return problems;
}
