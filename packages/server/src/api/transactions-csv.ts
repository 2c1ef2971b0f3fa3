/** `GET /transactions/csv`: `{"csv": "..."}`, written page by page, so that any number is told. */
import type { ROUTES } from '@bytenite/contract';
import { decimalOf } from '../domain/price.ts';
import { allTransactions, type AccountTransaction } from '../engine/wallet/list-transactions.ts';
import { csvLine } from './csv.ts';
import type { Call } from './handler.ts';
import { presentTransaction } from './present-wallet.ts';
import { streamReply } from './stream-reply.ts';

type CsvCall = Call<(typeof ROUTES)['wallet']['Wallet_TransactionsCsv']>;

const COLUMNS = [
  'id',
  'createdAt',
  'type',
  'description',
  'amount',
  'currency',
  'currencyAmount',
  'balance',
];

export function streamTransactionsCsv(call: CsvCall): Response {
  // A page that cannot be read cuts the reply off: half a table is no JSON.
  return streamReply(write(call), { 'content-type': 'application/json' });
}

async function* write({ ctx, account }: CsvCall): AsyncGenerator<string, void> {
  yield `{"csv":"${inString(csvLine(COLUMNS))}`;
  for await (const page of allTransactions(ctx, account)) yield inString(page.map(lineOf).join(''));
  yield '"}';
}

/** A part of a JSON string, without the quotes around it. */
function inString(text: string): string {
  return JSON.stringify(text).slice(1, -1);
}

function lineOf(row: AccountTransaction): string {
  const { id, createdAt, transactionType, description, relatedEntityData } =
    presentTransaction(row);
  const { currency, currencyAmount } = relatedEntityData;
  return csvLine([
    id,
    createdAt ?? '',
    transactionType,
    description,
    decimalOf(row.amount),
    currency,
    String(currencyAmount),
    decimalOf(row.balance),
  ]);
}
