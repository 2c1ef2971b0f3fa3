/** Reads typed values from a manifest's section and collects what is wrong with them. */
import type { FieldViolation } from '@bytenite/contract';
import { isObject, lookUp, toJsonObject, type JsonObject } from './manifest-keys.ts';

const MAX_TEXT = 16_384;
const MAX_LIST = 256;
const MAX_AMOUNT = 100_000;

export interface Reader {
  /** Text, or `""` when absent. */
  text: (field: string) => string;
  required: (field: string) => string;
  flag: (field: string) => boolean;
  /** A list of texts; one text counts as a list. */
  texts: (field: string) => string[];
  /** A positive number, also as text. */
  amount: (field: string, fallback: number) => number;
  section: (field: string, isRequired?: boolean) => Reader;
  problem: (field: string, description: string) => void;
}

export function createReader(
  object: JsonObject,
  prefix: string,
  problems: FieldViolation[],
): Reader {
  const problem = (key: string, description: string) => {
    problems.push({ field: prefix + key, description });
  };
  const find = (field: string) => {
    const { value, key, conflict } = lookUp(object, field);
    if (conflict.length > 0) {
      problem(key, `is written as ${conflict.join(' and ')} with different values`);
    }
    return { value, key };
  };
  const textOf = (key: string, value: unknown): string => {
    if (value === undefined) return '';
    if (typeof value === 'string' && value.length <= MAX_TEXT && !value.includes('\0')) {
      // Half a character is no text: no database takes it.
      return value.toWellFormed().trim();
    }
    problem(key, 'must be text');
    return '';
  };
  return {
    problem: (field, description) => problem(lookUp(object, field).key, description),
    text(field) {
      const { value, key } = find(field);
      return textOf(key, value);
    },
    required(field) {
      const { value, key } = find(field);
      if (value === undefined || value === '') problem(key, 'is required');
      return textOf(key, value);
    },
    flag(field) {
      const { value, key } = find(field);
      if (value === true || value === 'true') return true;
      if (value !== undefined && value !== false && value !== 'false' && value !== '') {
        problem(key, 'must be true or false');
      }
      return false;
    },
    texts(field) {
      const { value, key } = find(field);
      const list: unknown[] = value === undefined ? [] : Array.isArray(value) ? value : [value];
      if (list.length > MAX_LIST) problem(key, `has more than ${MAX_LIST} entries`);
      return list
        .slice(0, MAX_LIST)
        .map((item) => textOf(key, item))
        .filter(Boolean);
    },
    amount(field, fallback) {
      const { value, key } = find(field);
      if (value === undefined || value === '') return fallback;
      const amount = typeof value === 'string' ? Number(value) : value;
      if (typeof amount === 'number' && amount > 0 && amount <= MAX_AMOUNT) return amount;
      problem(key, `must be a number above 0, at most ${MAX_AMOUNT}`);
      return fallback;
    },
    section(field, isRequired = true) {
      const { value, key } = find(field);
      if (isObject(value)) return createReader(toJsonObject(value), `${prefix}${key}.`, problems);
      if (value !== undefined) problem(key, 'must be an object');
      else if (isRequired) problem(key, 'is required');
      // Nothing inside can be missing twice.
      return createReader(new Map(), `${prefix}${key}.`, []);
    },
  };
}
