import type { Client } from '@bytenite/client';
import type { Command } from 'commander';
import { findUser } from '../../account/find-user.ts';
import { UsageError } from '../../errors.ts';
import { formatByteChips, formatTime } from '../../terminal/format.ts';
import { printJson } from '../../terminal/json.ts';
import { printList } from '../../terminal/list.ts';
import { sessionOf } from '../global-options.ts';
import { userOption } from '../key/user-option.ts';
import { limitOption } from '../limit-option.ts';

/** Years of transactions take a while to be written down. */
const CSV_MS = 600_000;

interface Options {
  limit: number;
  user?: string;
  csv?: true;
  json?: true;
}

export function addTransactions(group: Command): void {
  const command = group
    .command('transactions')
    .description('list what was paid and credited, the newest first')
    .addOption(limitOption(50))
    .addOption(userOption())
    .option('--csv', 'print all of them as CSV, the oldest first')
    .option('--json', 'print the objects')
    .addHelpText(
      'after',
      '\nExamples:\n  bytenite wallet transactions\n  bytenite wallet transactions --csv > transactions.csv',
    )
    .action(async (options: Options) => list(command, options));
}

async function list(command: Command, options: Options): Promise<void> {
  const client = await sessionOf(command);
  if (options.csv) {
    if (options.user !== undefined) {
      throw new UsageError('--csv prints your own transactions only', {
        fix: ['leave out --user, or use --json'],
      });
    }
    const { csv } = await client.call('Wallet_TransactionsCsv', {}, { timeoutMs: CSV_MS });
    process.stdout.write(csv);
    return;
  }
  const { data, pagination } = await read(client, options);
  if (options.json) {
    printJson(JSON.stringify(data));
    return;
  }
  printList({
    columns: [
      { title: 'TIME' },
      { title: 'TYPE' },
      { title: 'DESCRIPTION', flexible: true },
      { title: 'AMOUNT', align: 'right' },
      { title: 'BALANCE', align: 'right' },
      { title: 'NOTES', flexible: true },
    ],
    rows: data.map((one) => [
      formatTime(one.createdAt),
      one.transactionType,
      one.description,
      formatByteChips(one.accountTo === 'platform' ? -one.amount : one.amount),
      formatByteChips(one.balance),
      one.notes,
    ]),
    total: pagination.total,
    empty: 'No transactions yet. A job is paid when it ends.',
  });
}

async function read(client: Client, { user, limit }: Options) {
  const query = { limit };
  if (user === undefined) return client.call('Wallet_ListTransactions', { query });
  const params = { id: (await findUser(client, user)).id };
  return client.call('Wallet_ListAccountTransactions', { params, query });
}
