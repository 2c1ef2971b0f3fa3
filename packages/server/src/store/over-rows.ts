/**
 * Statements over lists of rows. Putting together and preparing the text for some hundred rows costs more
 * than running it, so each statement is compiled once for each of a few numbers of rows, and a list is
 * taken in parts of these sizes.
 */
import type { Compilable, CompiledQuery } from 'kysely';
import type { Tx } from './store.ts';

/** The largest keeps a statement of wide rows well below the parameters that a database takes. */
const PART_SIZES = [64, 16, 4, 1] as const;

/** Stands in a compiled statement for a value of a row, or of what all rows share. */
class Hole {
  readonly row: number | 'shared';
  readonly column: string;
  constructor(row: number | 'shared', column: string) {
    this.row = row;
    this.column = column;
  }
}

/** `build` is called with placeholders: it may move values to their places, and not look at them. */
export function overRows<Row extends object, Shared extends object, Result>(
  build: (tx: Tx, rows: readonly Row[], shared: Shared) => Compilable<Result>,
): (tx: Tx, rows: readonly Row[], shared: Shared) => Promise<Result[]> {
  const byDatabase = new WeakMap<object, Map<number, CompiledQuery<Result>>>();

  function compile(tx: Tx, rows: readonly Row[], shared: Shared): CompiledQuery<Result> {
    const database = tx.getExecutor().adapter;
    const bySize = byDatabase.get(database) ?? new Map<number, CompiledQuery<Result>>();
    byDatabase.set(database, bySize);
    const known = bySize.get(rows.length);
    if (known !== undefined) return known;
    const compiled = build(
      tx,
      rows.map((row, i) => holesOf(row, i)),
      holesOf(shared, 'shared'),
    ).compile();
    bySize.set(rows.length, compiled);
    return compiled;
  }

  return async (tx, rows, shared) => {
    const results: Result[] = [];
    for (const part of partsOf(rows)) {
      const compiled = compile(tx, part, shared);
      const parameters = compiled.parameters.map((value) =>
        value instanceof Hole ? valueAt(value, part, shared) : value,
      );
      const result = await tx.executeQuery<Result>({ ...compiled, parameters });
      results.push(...result.rows);
    }
    return results;
  };
}

function* partsOf<Row>(rows: readonly Row[]): Generator<readonly Row[]> {
  let from = 0;
  for (const size of PART_SIZES) {
    for (; from + size <= rows.length; from += size) yield rows.slice(from, from + size);
  }
}

function holesOf<T extends object>(values: T, row: number | 'shared'): T {
  return Object.fromEntries(
    Object.keys(values).map((column) => [column, new Hole(row, column)]),
  ) as T;
}

function valueAt({ row, column }: Hole, rows: readonly object[], shared: object): unknown {
  const values = (row === 'shared' ? shared : rows[row]) as Record<string, unknown>;
  const value = values[column];
  if (value === undefined) throw new Error(`no value for ${column}`);
  return value;
}
