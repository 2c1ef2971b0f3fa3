/** The index of a chunk is its place in this order (contract 8.3). */

const DATA_NAME = /^data_(\d+)\.bin$/;

/** Sorts by i when all are named `data_<i>.bin`, else by natural order of the path. */
export function orderChunks<T extends { path: string }>(files: readonly T[]): T[] {
  const numbers = files.map(({ path }) => DATA_NAME.exec(path)?.[1]);
  if (numbers.every((number) => number !== undefined)) {
    return files
      .map((file, i) => ({ file, number: BigInt(numbers[i] ?? 0) }))
      .toSorted((a, b) => compare(a.number, b.number) || compare(a.file.path, b.file.path))
      .map(({ file }) => file);
  }
  const collator = new Intl.Collator('en', { numeric: true });
  return files.toSorted((a, b) => collator.compare(a.path, b.path) || compare(a.path, b.path));
}

function compare<T extends string | bigint>(a: T, b: T): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
