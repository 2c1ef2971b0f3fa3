import { formatTable, type Column } from './table.ts';

/** Prints a list, or what to do when it is empty; says when it is not all there is. */
export function printList(list: {
  columns: readonly Column[];
  rows: readonly (readonly string[])[];
  total: number;
  empty: string;
}): void {
  const { columns, rows, total, empty } = list;
  if (rows.length === 0) {
    console.log(empty);
    return;
  }
  console.log(formatTable(columns, rows));
  if (total > rows.length) console.log(`${rows.length} of ${total}; more: --limit N`);
}
