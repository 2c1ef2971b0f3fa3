/**
 * The one reader of what callers send. It walks a zod schema beside the parsed body: keys in camelCase
 * or snake_case, numbers and booleans also as strings, enums also by number, null as unset, unknown
 * fields dropped, subtrees marked opaque taken as source text. Then the schema validates the result.
 */
import { z } from 'zod';
import type { FieldViolation } from './errors.ts';
import { propertyNode, sourceOf, syntaxTree, type JsonNode } from './json-source.ts';
import { RawJson } from './raw-json.ts';

export interface WireTraits {
  /** The value is the user's: kept as source text. */
  opaque?: true;
  /** Any JSON value, taken as parsed. */
  json?: true;
  /** A body that is not an object is the value of this field. */
  bare?: string;
  /** The object may also come inside this field. */
  wrapper?: string;
  /** Enum names may also come with this prefix, which is dropped. */
  prefix?: string;
  /** Other spellings of one field: `{ jobsIds: ['jobIds'] }`. */
  spellings?: Record<string, readonly string[]>;
}

/** Traits of schemas that the decoder and OpenAPI look up. */
export const wireTraits = z.registry<WireTraits>();

export type Decoded<T> =
  | { ok: true; value: T }
  | { ok: false; message: string; violations: FieldViolation[] };

interface Source {
  text: string;
  /** Built only when the walk reaches opaque data. */
  tree: () => JsonNode;
  /** Every value is text, and one that comes twice is a list. */
  isQuery: boolean;
}

export function snakeCase(field: string): string {
  return field.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

/** The input's key for a field: camelCase wins over snake_case, and both over other spellings. */
function keyOf(
  field: string,
  spellings: readonly string[],
  input: ReadonlyMap<string, unknown>,
): string | undefined {
  const candidates = [field, snakeCase(field), ...spellings, ...spellings.map(snakeCase)];
  // null is unset, so it does not stand in the way of another spelling.
  return candidates.find((candidate) => (input.get(candidate) ?? null) !== null);
}

/** Decodes a JSON text; an empty one, and `null`, count as `{}`. */
export function decodeText<S extends z.ZodType>(schema: S, text: string): Decoded<z.output<S>> {
  const body = text.trim() === '' ? '{}' : text;
  let tree: JsonNode | undefined;
  try {
    const parsed: unknown = JSON.parse(body);
    const source: Source = { text: body, tree: () => (tree ??= syntaxTree(body)), isQuery: false };
    return validate(schema, shape(schema, parsed, [], source) ?? {});
  } catch (error) {
    if (error instanceof SyntaxError) return malformed(`body is not valid JSON: ${error.message}`);
    if (error instanceof RangeError) return malformed('body is nested too deeply');
    if (error instanceof RefusedError) return refused(error);
    throw error;
  }
}

/**
 * Decodes query parameters by the same rules. `pagination.limit` and `pagination[limit]` are `limit`; an
 * empty value is unset; of a value that comes twice the last counts, or both where a list is expected.
 */
export function decodeQuery<S extends z.ZodType>(
  schema: S,
  query: URLSearchParams,
): Decoded<z.output<S>> {
  const values = new Map<string, string[]>();
  for (const [name, value] of query) {
    if (value === '') continue;
    const key = /^pagination(?:\.(\w+)|\[(\w+)\])$/.exec(name);
    const field = key?.[1] ?? key?.[2] ?? name;
    values.set(field, [...(values.get(field) ?? []), value]);
  }
  const source: Source = { text: '{}', tree: () => syntaxTree('{}'), isQuery: true };
  try {
    return validate(schema, shape(schema, Object.fromEntries(values), [], source) ?? {});
  } catch (error) {
    if (error instanceof RefusedError) return refused(error);
    throw error;
  }
}

/** What is refused on sight, whatever the schema says of the rest. */
class RefusedError extends Error {
  override readonly name = 'RefusedError';
  readonly field: string;
  readonly description: string;
  constructor(path: Path, description: string) {
    super(description);
    this.field = path.join('.');
    this.description = description;
  }
}

/** More than any call needs; each entry may become a complaint, and a schema may forget its bound. */
const MAX_ENTRIES = 10_000;

function refused({ field, description }: RefusedError): Decoded<never> {
  const message = `${field || 'body'} ${description}`;
  return { ok: false, message, violations: [{ field, description }] };
}

function malformed(message: string): Decoded<never> {
  return { ok: false, message, violations: [] };
}

function validate<S extends z.ZodType>(schema: S, value: unknown): Decoded<z.output<S>> {
  const result = schema.safeParse(value, { error: describe });
  if (result.success) return { ok: true, value: result.data };
  const violations = lastOfEach(result.error.issues).map((issue) => ({
    field: issue.path.map(String).join('.'),
    description: issue.message,
  }));
  const words = violations.map(({ field, description }) => `${field || 'body'} ${description}`);
  return { ok: false, message: words.join('; '), violations };
}

/** A whole number has a limit of its own before the field's: of two complaints of a kind, the field's counts. */
function lastOfEach(issues: readonly z.core.$ZodIssue[]): z.core.$ZodIssue[] {
  const last = new Map<string, z.core.$ZodIssue>();
  for (const issue of issues) {
    last.set(JSON.stringify([issue.path.map(String), issue.code]), issue);
  }
  return [...last.values()];
}

const NOUNS: Record<string, string> = {
  string: 'text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'an object',
};

/** Violations in words that fit after the field's name. */
function describe(issue: z.core.$ZodRawIssue): string | undefined {
  if (issue.input === undefined) return 'is required';
  switch (issue.code) {
    case 'invalid_type':
      return `must be ${NOUNS[issue.expected] ?? issue.expected}`;
    case 'invalid_value':
      return `must be one of ${issue.values.map(String).join(', ')}`;
    case 'too_small':
      return issue.origin === 'string' && issue.minimum === 1
        ? 'is required'
        : `must be at least ${issue.minimum}`;
    case 'too_big':
      return `must be at most ${issue.maximum}${issue.origin === 'string' ? ' characters' : ''}`;
    default:
      return undefined;
  }
}

type Path = readonly string[];

function shape(schema: z.ZodType, value: unknown, path: Path, source: Source): unknown {
  const traits = wireTraits.get(schema);
  if (value === null || value === undefined) return undefined;
  if (traits?.opaque) return new RawJson(sourceOf(source.text, nodeAt(source, path)));
  if (traits?.json) return value;
  // No text that is stored or passed on can hold a NUL: databases and environments refuse it.
  if (typeof value === 'string' && value.includes('\0')) {
    throw new RefusedError(path, 'must not contain NUL');
  }
  const def = (schema as unknown as z.core.$ZodTypes)._zod.def;
  switch (def.type) {
    case 'object':
      return shapeObject(def, value, traits ?? {}, path, source);
    case 'optional':
    case 'nullable':
    case 'default':
    case 'prefault':
    case 'readonly':
      return shape(def.innerType as z.ZodType, value, path, source);
    case 'pipe':
      return shape(def.in as z.ZodType, value, path, source);
    case 'array': {
      const items = source.isQuery || !Array.isArray(value) ? listOf(value) : value;
      if (items.length > MAX_ENTRIES) {
        throw new RefusedError(path, `must have at most ${MAX_ENTRIES} entries`);
      }
      return items.map((item, i) =>
        shape(def.element as z.ZodType, item, [...path, String(i)], source),
      );
    }
    default:
      return scalarOf(def, Array.isArray(value) && source.isQuery ? value.at(-1) : value, traits);
  }
}

function scalarOf(
  def: z.core.$ZodTypes['_zod']['def'],
  value: unknown,
  traits: WireTraits | undefined,
): unknown {
  switch (def.type) {
    case 'number':
      return numberOf(value);
    case 'boolean':
      return booleanOf(value);
    case 'enum':
      return enumOf(Object.values(def.entries), value, traits?.prefix ?? '');
    default:
      // Half a character is no text: no database and no file takes it.
      return typeof value === 'string' ? value.toWellFormed() : value;
  }
}

function shapeObject(
  def: z.core.$ZodObjectDef,
  value: unknown,
  traits: WireTraits,
  path: Path,
  source: Source,
): unknown {
  if (typeof value !== 'object' || Array.isArray(value)) {
    return traits.bare === undefined ? value : { [traits.bare]: value };
  }
  const input = new Map(Object.entries(value as object));
  const inner = traits.wrapper === undefined ? undefined : input.get(traits.wrapper);
  if (
    traits.wrapper !== undefined &&
    typeof inner === 'object' &&
    inner !== null &&
    !Array.isArray(inner)
  ) {
    return shapeObject(def, inner, {}, [...path, traits.wrapper], source);
  }
  const result: Record<string, unknown> = {};
  for (const [field, fieldSchema] of Object.entries(def.shape)) {
    const key = keyOf(field, traits.spellings?.[field] ?? [], input);
    if (key === undefined) continue;
    const shaped = shape(fieldSchema as z.ZodType, input.get(key), [...path, key], source);
    if (shaped !== undefined) result[field] = shaped;
  }
  return result;
}

function nodeAt(source: Source, path: Path): JsonNode {
  let node = source.tree();
  // Where one value stood for a list of one, there is no step to take.
  for (const key of path) node = propertyNode(node, key) ?? node.children[Number(key)] ?? node;
  return node;
}

/** One value where a list is expected counts as a list; a comma list too. */
function listOf(value: unknown): unknown[] {
  if (Array.isArray(value)) return value.flatMap((item) => listOf(item));
  if (typeof value !== 'string') return [value];
  return value.split(',').flatMap((item) => (item.trim() === '' ? [] : [item.trim()]));
}

const NUMERIC = /^\s*[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?\s*$/i;

function numberOf(value: unknown): unknown {
  return typeof value === 'string' && NUMERIC.test(value) ? Number(value) : value;
}

function booleanOf(value: unknown): unknown {
  if (typeof value !== 'string') return value;
  const word = value.trim().toLowerCase();
  return word === 'true' ? true : word === 'false' ? false : value;
}

/** By number (the place in the list) or by name, also with its prefix and in other case. */
function enumOf(entries: readonly unknown[], value: unknown, prefix: string): unknown {
  const number = numberOf(value);
  if (typeof number === 'number') return entries[number] ?? value;
  if (typeof value !== 'string') return value;
  const name = value.trim().toLowerCase();
  const bare = name.startsWith(prefix.toLowerCase()) ? name.slice(prefix.length) : name;
  return entries.find((entry) => String(entry).toLowerCase() === bare) ?? value;
}
