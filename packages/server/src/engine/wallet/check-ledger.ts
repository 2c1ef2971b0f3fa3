import type { LedgerCheck } from '@bytenite/contract';
import type { Context } from '../../context.ts';
import { hashOfTransaction } from '../../domain/ledger.ts';
import { entriesBetween, transactionsAfter, wrongBalances } from '../../store/ledger.ts';
import type { Store } from '../../store/store.ts';
import type { LedgerRow } from '../../store/tables.ts';
import type { Account } from '../auth/account.ts';
import { requireAdmin } from '../auth/require-admin.ts';
import { groupBy } from '../group-by.ts';

const ROWS_PER_PAGE = 1000;
const MAX_PROBLEMS = 100;

export async function checkLedger(ctx: Context, admin: Account): Promise<LedgerCheck> {
  requireAdmin(admin);
  return findLedgerProblems(ctx.store);
}

type Entry = Awaited<ReturnType<typeof entriesBetween>>[number];

/**
 * Reads the book from its beginning: every hash follows from the content and the hash before, every
 * transaction has its two entries, every balance is the sum of its entries, and all together are zero.
 */
export async function findLedgerProblems({ reads }: Pick<Store, 'reads'>): Promise<LedgerCheck> {
  const problems: string[] = [];
  const say = (problem: string) => void (problems.length < MAX_PROBLEMS && problems.push(problem));
  const sums = new Map<string, number>();
  let last = 0;
  let head = '';
  for (;;) {
    const rows = await transactionsAfter(reads, last, ROWS_PER_PAGE);
    const [first, end] = [rows[0], rows.at(-1)];
    if (first === undefined || end === undefined) break;
    const entries = groupBy(await entriesBetween(reads, first.no, end.no), ({ no }) => no);
    for (const row of rows) {
      if (row.no !== last + 1) say(`transaction ${last + 1} is missing`);
      if (row.hash !== hashOfTransaction(head, row)) say(`transaction ${row.no} was changed`);
      checkEntries(row, entries.get(row.no) ?? [], sums, say);
      last = row.no;
      head = row.hash;
    }
  }
  for (const { account, balance, sum } of await wrongBalances(reads, MAX_PROBLEMS)) {
    say(`account ${account} has ${balance}, its entries have ${sum}`);
  }
  return { ok: problems.length === 0, transactions: last, head, problems };
}

/** Both sides are there, with the same amount, and each continues its account's balance. */
function checkEntries(
  { no, amount, account_from, account_to }: LedgerRow,
  entries: readonly Entry[],
  sums: Map<string, number>,
  say: (problem: string) => void,
): void {
  const wanted = new Map([
    [account_from, -amount],
    [account_to, amount],
  ]);
  if (entries.length !== wanted.size) say(`transaction ${no} has ${entries.length} entries`);
  for (const entry of entries) {
    if (entry.amount !== wanted.get(entry.account)) {
      say(`transaction ${no} moves ${amount}, its entry for ${entry.account} ${entry.amount}`);
    }
    const sum = (sums.get(entry.account) ?? 0) + entry.amount;
    if (entry.balance !== sum) {
      say(`transaction ${no} leaves ${entry.account} ${entry.balance}, not ${sum}`);
    }
    sums.set(entry.account, sum);
  }
}
