/** The book's chain: each transaction's hash covers its content and the hash before it. */
import { createHash } from 'node:crypto';
import type { TransactionType } from '@bytenite/contract';

/** The account that credit comes from and payments go to. */
export const PLATFORM = 'platform';

/** Balances stay exact in numbers: at most 40 million ByteChips either way. */
export const MAX_BALANCE = 4e15;

export interface LedgerRecord {
  no: number;
  id: string;
  created_at: number;
  type: TransactionType;
  account_from: string;
  account_to: string;
  amount: number;
  description: string;
  notes: string;
  entity_id: string;
  entity_name: string;
  template: string;
  job: number | null;
  run: number | null;
}

/** Hex SHA-256 of a transaction after the one whose hash is `previous`, `""` before the first. */
export function hashOfTransaction(previous: string, record: LedgerRecord): string {
  const content = [
    previous,
    record.no,
    record.id,
    record.created_at,
    record.type,
    record.account_from,
    record.account_to,
    record.amount,
    record.description,
    record.notes,
    record.entity_id,
    record.entity_name,
    record.template,
    record.job,
    record.run,
  ];
  return createHash('sha256').update(JSON.stringify(content)).digest('hex');
}
