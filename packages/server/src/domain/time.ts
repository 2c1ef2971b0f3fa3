/** Times as callers write them. */

const RFC_3339 = /^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?(Z|[+-]\d{2}:?\d{2}))?$/i;

/** What a time must look like, after a field's name. */
export const TIME_FORM = 'must be a time such as 2026-02-03T09:00:00Z';

/** Epoch milliseconds of an RFC 3339 time, or of the beginning of a date in UTC; null when it is neither. */
export function parseTime(text: string): number | null {
  const trimmed = text.trim();
  const at = RFC_3339.test(trimmed) ? Date.parse(trimmed.toUpperCase()) : Number.NaN;
  return Number.isNaN(at) ? null : at;
}
