/** The other spellings of a request that mean the same. */

/** Objects that are the user's: nothing in them is the API's to spell. */
const OPAQUE = new Set(['app', 'partitioner', 'assembler', 'settings', 'answer']);

export function snakeCase(key: string): string {
  return key.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

/** Keys in snake_case, numbers and booleans as strings. */
export function respell(value: unknown): unknown {
  if (Array.isArray(value)) return value.map((item) => respell(item));
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).map(([key, inner]: [string, unknown]) => {
    const isUsers = OPAQUE.has(key) && typeof inner === 'object';
    return [snakeCase(key), isUsers ? inner : respell(inner)] as const;
  });
  return Object.fromEntries(entries);
}

export function respellQuery(query: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(query).map(([key, value]) => [snakeCase(key), value]));
}
