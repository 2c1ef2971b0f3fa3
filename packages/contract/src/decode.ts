/**
 * The one reader of what callers send. It walks a zod schema beside the parsed body: keys in camelCase
 * or snake_case, numbers and booleans also as strings, enums also by number, null as unset, unknown
 * fields dropped, subtrees marked opaque taken as source text. Then the schema validates the result.
 */
import { z } from 'zod';
import type { Node } from 'jsonc-parser';
import type { FieldViolation } from './errors.ts';
import { propertyNode, RawJson, sourceOf, syntaxTree } from './raw-json.ts';

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
  tree: () => Node;
}

/** How the keys of the input find the fields of the schema. */
export interface KeyRule {
  /** Candidate input keys for a field, the winning one last. */
  match: (
    field: string,
    spellings: readonly string[],
    keys: readonly string[],
  ) => string | undefined;
}

export function snakeCase(field: string): string {
  return field.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

/** The wire's rule: camelCase or snake_case, camelCase wins. */
export const WIRE_KEYS: KeyRule = {
  match(field, spellings, keys) {
    const candidates = [field, snakeCase(field), ...spellings, ...spellings.map(snakeCase)];
    return candidates.find((candidate) => keys.includes(candidate));
  },
};

/** Decodes a JSON text; an empty one counts as `{}`. */
export function decodeText<S extends z.ZodType>(
  schema: S,
  text: string,
  keys: KeyRule = WIRE_KEYS,
): Decoded<z.output<S>> {
  const body = text.trim() === '' ? '{}' : text;
  let parsed: unknown;
  let tree: Node | undefined;
  try {
    parsed = JSON.parse(body);
    const source: Source = { text: body, tree: () => (tree ??= syntaxTree(body)) };
    return validate(schema, shape(schema, parsed, [], source, keys));
  } catch (error) {
    if (error instanceof SyntaxError) return malformed(`body is not valid JSON: ${error.message}`);
    if (error instanceof RangeError) return malformed('body is nested too deeply');
    throw error;
  }
}

/** Decodes query parameters by the same rules; `pagination.limit` and `pagination[limit]` are `limit`. */
export function decodeQuery<S extends z.ZodType>(
  schema: S,
  query: URLSearchParams,
): Decoded<z.output<S>> {
  const values = new Map<string, unknown>();
  for (const [name, value] of query) {
    const key = /^pagination(?:\.(\w+)|\[(\w+)\])$/.exec(name);
    values.set(key?.[1] ?? key?.[2] ?? name, value);
  }
  const source: Source = { text: '{}', tree: () => syntaxTree('{}') };
  return validate(schema, shape(schema, Object.fromEntries(values), [], source, WIRE_KEYS));
}

function malformed(message: string): Decoded<never> {
  return { ok: false, message, violations: [] };
}

function validate<S extends z.ZodType>(schema: S, value: unknown): Decoded<z.output<S>> {
  const result = schema.safeParse(value);
  if (result.success) return { ok: true, value: result.data };
  const violations = result.error.issues.map((issue) => ({
    field: issue.path.map(String).join('.'),
    description: issue.message,
  }));
  const first = violations[0];
  const message =
    first === undefined
      ? 'invalid request'
      : [first.field, first.description].filter(Boolean).join(': ');
  return { ok: false, message, violations };
}

type Path = readonly string[];

function shape(
  schema: z.ZodType,
  value: unknown,
  path: Path,
  source: Source,
  keys: KeyRule,
): unknown {
  const traits = wireTraits.get(schema);
  if (value === null || value === undefined) return undefined;
  if (traits?.opaque) return new RawJson(sourceOf(source.text, nodeAt(source, path)));
  if (traits?.json) return value;
  const def = (schema as unknown as z.core.$ZodTypes)._zod.def;
  switch (def.type) {
    case 'object':
      return shapeObject(def, value, traits ?? {}, path, source, keys);
    case 'optional':
    case 'nullable':
    case 'default':
    case 'prefault':
    case 'readonly':
      return shape(def.innerType as z.ZodType, value, path, source, keys);
    case 'pipe':
      return shape(def.in as z.ZodType, value, path, source, keys);
    case 'array': {
      const items = Array.isArray(value) ? value : listOf(value);
      return items.map((item, i) =>
        shape(def.element as z.ZodType, item, [...path, String(i)], source, keys),
      );
    }
    case 'number':
      return numberOf(value);
    case 'boolean':
      return booleanOf(value);
    case 'enum':
      return enumOf(Object.values(def.entries), value, traits?.prefix ?? '');
    default:
      return value;
  }
}

function shapeObject(
  def: z.core.$ZodObjectDef,
  value: unknown,
  traits: WireTraits,
  path: Path,
  source: Source,
  keys: KeyRule,
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
    return shapeObject(def, inner, {}, [...path, traits.wrapper], source, keys);
  }
  const names = [...input.keys()];
  const result: Record<string, unknown> = {};
  for (const [field, fieldSchema] of Object.entries(def.shape)) {
    const key = keys.match(field, traits.spellings?.[field] ?? [], names);
    if (key === undefined) continue;
    const shaped = shape(fieldSchema as z.ZodType, input.get(key), [...path, key], source, keys);
    if (shaped !== undefined) result[field] = shaped;
  }
  return result;
}

function nodeAt(source: Source, path: Path): Node {
  let node: Node | undefined = source.tree();
  for (const key of path) {
    node = node?.type === 'array' ? node.children?.[Number(key)] : node && propertyNode(node, key);
  }
  if (node === undefined) throw new SyntaxError('unexpected structure');
  return node;
}

/** One value where a list is expected counts as a list; a comma list in a query too. */
function listOf(value: unknown): unknown[] {
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

/** By number (the place in the list), by name, by name with its prefix; names in any case. */
function enumOf(entries: readonly unknown[], value: unknown, prefix: string): unknown {
  const number = numberOf(value);
  if (typeof number === 'number') return entries[number] ?? value;
  if (typeof value !== 'string') return value;
  const bare = prefix !== '' && value.startsWith(prefix) ? value.slice(prefix.length) : value;
  return entries.includes(bare) ? bare : value;
}
