/** Prices are integers of 1e-8 ByteChip; the wire shows ByteChips. */
export const PRICE_UNITS_PER_BYTECHIP = 1e8;
const MS_PER_HOUR = 3_600_000;

/** `(minCpu x hours + minMemory x hours) / 2` of the user's process; `memoryGiB` as asked for. */
export function priceOf(minCpu: number, memoryGiB: number, runMs: number): number {
  const byteChips = ((minCpu + memoryGiB) / 2) * (Math.max(0, runMs) / MS_PER_HOUR);
  return Math.round(byteChips * PRICE_UNITS_PER_BYTECHIP);
}

export function byteChips(units: number): number {
  return units / PRICE_UNITS_PER_BYTECHIP;
}
