/** Prices are integers of 1e-8 ByteChip; the wire shows ByteChips. */
export const PRICE_UNITS_PER_BYTECHIP = 1e8;
const DECIMALS = 8;
const MS_PER_HOUR = 3_600_000;

/** `(minCpu x hours + minMemory x hours) / 2` of the user's process; `memoryGiB` as asked for. */
export function priceOf(minCpu: number, memoryGiB: number, runMs: number): number {
  const byteChips = ((minCpu + memoryGiB) / 2) * (Math.max(0, runMs) / MS_PER_HOUR);
  return unitsOf(byteChips);
}

export function byteChips(units: number): number {
  return units / PRICE_UNITS_PER_BYTECHIP;
}

export function unitsOf(byteChips: number): number {
  return Math.round(byteChips * PRICE_UNITS_PER_BYTECHIP);
}

/** ByteChips with all their decimals. */
export function decimalOf(units: number): string {
  const digits = String(Math.abs(units)).padStart(DECIMALS + 1, '0');
  const sign = units < 0 ? '-' : '';
  return `${sign}${digits.slice(0, -DECIMALS)}.${digits.slice(-DECIMALS)}`;
}

/** The same without zeros at the end. */
export function shortDecimalOf(units: number): string {
  return decimalOf(units).replace(/\.?0+$/, '');
}
