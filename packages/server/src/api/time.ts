/** Epoch milliseconds as RFC 3339 UTC; null stays null. */
export function timestampOf(at: number): string;
export function timestampOf(at: number | null): string | null;
export function timestampOf(at: number | null): string | null {
  return at === null ? null : new Date(at).toISOString();
}
