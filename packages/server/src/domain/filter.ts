/**
 * Filters of the wire (contract 1.5) read into tests of what is stored. One table a list names its
 * fields; what a field is decides what its values may be, and every condition works on every field.
 */
import { invalid, type ApiError, type FilterCondition, type FilterInput } from '@bytenite/contract';
import { parseTime, TIME_FORM } from './time.ts';

export type FieldKind =
  | { kind: 'text' }
  | { kind: 'number' }
  /** Stored as 0 or 1. */
  | { kind: 'boolean' }
  /** Stored as epoch milliseconds, null while unset. */
  | { kind: 'time' }
  /** Stored as a name, shown with a prefix. */
  | { kind: 'enum'; names: readonly string[]; prefix: string };

type Value = string | number;

export type FieldTest =
  /** A null is no value: only equal and different know it. */
  | { op: '=' | '<>'; value: Value | null }
  | { op: '>' | '>=' | '<' | '<='; value: Value }
  | { op: 'in' | 'not in'; values: Value[] }
  /** On the text that replies show, whatever its case. */
  | { op: 'like'; pattern: string };

export interface Filter<Field> {
  field: Field;
  test: FieldTest;
}

const MAX_VALUES = 1000;
const MAX_PATTERN_LENGTH = 256;

/** Reads all filters of a call; every mistake names its field. */
export function parseFilters<Field extends FieldKind>(
  filters: readonly FilterInput[],
  fields: Readonly<Record<string, Field>>,
): Filter<Field>[] {
  return filters.map(({ field: name, condition = 'EQ', value }, i) => {
    const field = findField(name, fields);
    if (field === undefined) {
      const names = Object.keys(fields).join(', ');
      throw refused(`filters.${i}.field`, `${JSON.stringify(name)} must be one of ${names}`);
    }
    try {
      return { field, test: testOf(field, condition, contentOf(value)) };
    } catch (error) {
      if (!(error instanceof BadValue)) throw error;
      throw refused(`filters.${i}.value`, `for ${name} ${error.message}`);
    }
  });
}

/** A field by its name on the wire, in camelCase or snake_case. */
export function findField<Field>(
  name: string,
  fields: Readonly<Record<string, Field>>,
): Field | undefined {
  const camel = name
    .trim()
    .replaceAll(/_([a-z])/g, (_: string, letter: string) => letter.toUpperCase());
  return Object.hasOwn(fields, camel) ? fields[camel] : undefined;
}

/** Finishes the sentence that begins with what the value is for. */
class BadValue extends Error {
  override readonly name = 'BadValue';
}

function refused(field: string, description: string): ApiError {
  return invalid(`${field} ${description}`, [{ field, description }]);
}

function testOf(field: FieldKind, condition: FilterCondition, content: unknown): FieldTest {
  switch (condition) {
    case 'EQ':
    // A scalar counts as a list of one.
    case 'ARRAY_CONTAINS':
      return { op: '=', value: valueOrNull(field, content) };
    case 'NEQ':
      return { op: '<>', value: valueOrNull(field, content) };
    case 'GT':
      return { op: '>', value: valueOf(field, content) };
    case 'GTE':
      return { op: '>=', value: valueOf(field, content) };
    case 'LT':
      return { op: '<', value: valueOf(field, content) };
    case 'LTE':
      return { op: '<=', value: valueOf(field, content) };
    case 'IN':
    case 'ARRAY_CONTAINS_ANY':
      return { op: 'in', values: valuesOf(field, content) };
    case 'NOT_IN':
      return { op: 'not in', values: valuesOf(field, content) };
    case 'LIKE':
      return { op: 'like', pattern: patternOf(content) };
  }
}

const PROTOBUF_TYPE = /(?:^|\/)google\.protobuf\.(\w+)$/;
const TYPES = new Set(
  'StringValue BytesValue BoolValue DoubleValue FloatValue Int32Value Int64Value UInt32Value UInt64Value Timestamp Duration ListValue Value NullValue'.split(
    ' ',
  ),
);

/** What an Any of a `google.protobuf` type holds; anything else is its own content. */
function contentOf(value: unknown): unknown {
  if (Array.isArray(value)) return value.map((item) => contentOf(item));
  if (typeof value !== 'object' || value === null) return value ?? null;
  const { '@type': type, value: content } = value as Record<string, unknown>;
  if (type === undefined && content === undefined) {
    throw new BadValue('must be a scalar, a list, or a google.protobuf value');
  }
  const isKnown = typeof type === 'string' && TYPES.has(PROTOBUF_TYPE.exec(type)?.[1] ?? '');
  if (type !== undefined && !isKnown) {
    throw new BadValue(`has the type ${JSON.stringify(type)}, which is no google.protobuf value`);
  }
  return contentOf(content);
}

/** Only a time can be without a value; asking for it finds what is unset. */
function valueOrNull(field: FieldKind, content: unknown): Value | null {
  return content === null && field.kind === 'time' ? null : valueOf(field, content);
}

function valuesOf(field: FieldKind, content: unknown): Value[] {
  const items = Array.isArray(content) ? content : [content];
  if (items.length > MAX_VALUES) throw new BadValue(`must have at most ${MAX_VALUES} entries`);
  return items.map((item) => valueOf(field, item));
}

function valueOf(field: FieldKind, content: unknown): Value {
  if (content === null) throw new BadValue('is required');
  if (typeof content === 'object') throw new BadValue('must be a single value');
  switch (field.kind) {
    case 'text':
      return textOf(content);
    case 'number':
      return numberOf(content);
    case 'boolean':
      return booleanOf(content);
    case 'time':
      return timeOf(content);
    case 'enum':
      return nameOf(field, content);
  }
}

function textOf(content: unknown): string {
  if (typeof content !== 'string') throw new BadValue('must be text');
  // No stored text holds one, and some databases refuse to compare with it.
  if (content.includes('\0')) throw new BadValue('must not contain NUL');
  return content;
}

function numberOf(content: unknown): number {
  const isText = typeof content === 'string' && content.trim() !== '';
  const number = isText ? Number(content) : content;
  if (typeof number === 'number' && Number.isFinite(number)) return number;
  throw new BadValue('must be a number');
}

function booleanOf(content: unknown): number {
  const word = typeof content === 'string' ? content.trim().toLowerCase() : content;
  if (word === true || word === 'true') return 1;
  if (word === false || word === 'false') return 0;
  throw new BadValue('must be true or false');
}

function timeOf(content: unknown): number {
  const at = typeof content === 'string' ? parseTime(content) : null;
  if (at === null) throw new BadValue(TIME_FORM);
  return at;
}

/** By name, with the prefix or without and in any case, or by its place in the list. */
function nameOf({ names, prefix }: Extract<FieldKind, { kind: 'enum' }>, content: unknown): string {
  const text = String(content).trim().toUpperCase();
  const bare = text.startsWith(prefix) ? text.slice(prefix.length) : text;
  const name = names[/^\d+$/.test(text) ? Number(text) : names.indexOf(bare)];
  if (name === undefined) {
    throw new BadValue(`must be one of ${names.map((known) => prefix + known).join(', ')}`);
  }
  return name;
}

/** Without wildcards it is looked for anywhere in the text. */
function patternOf(content: unknown): string {
  if (content === null) throw new BadValue('is required');
  if (typeof content !== 'string' && typeof content !== 'number' && typeof content !== 'boolean') {
    throw new BadValue('must be a single value');
  }
  const text = textOf(String(content));
  if (text.length > MAX_PATTERN_LENGTH) {
    throw new BadValue(`must be at most ${MAX_PATTERN_LENGTH} characters`);
  }
  return /[%_]/.test(text) ? text : `%${text}%`;
}
