/**
 * The keys of a manifest match without regard to case and `_`, at every level. Whatever is looked up
 * goes through maps, so no key can name a property of every object.
 */
import { snakeCase } from '@bytenite/contract';

/** A JSON object as written: keys in order, the last of equal ones. */
export type JsonObject = ReadonlyMap<string, unknown>;

export function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function toJsonObject(value: object): JsonObject {
  return new Map(Object.entries(value));
}

export function normalKey(key: string): string {
  return key.replaceAll('_', '').toLowerCase();
}

export interface Lookup {
  value: unknown;
  /** The key as written; the snake_case one while there is none. */
  key: string;
  /** Spellings that say different things, none of them snake_case. */
  conflict: string[];
}

/** Finds a field by any spelling; snake_case wins, and null counts as unset. */
export function lookUp(object: JsonObject, field: string): Lookup {
  const wanted = normalKey(field);
  const preferred = snakeCase(field);
  const found = [...object].filter(([key, value]) => normalKey(key) === wanted && value !== null);
  const [first] = found;
  const winner = found.find(([key]) => key === preferred) ?? first;
  if (winner === undefined) return { value: undefined, key: preferred, conflict: [] };
  const [key, value] = winner;
  const differs = found.some(([, other]) => JSON.stringify(other) !== JSON.stringify(value));
  return { value, key, conflict: differs && key !== preferred ? found.map(([name]) => name) : [] };
}
