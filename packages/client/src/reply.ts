/**
 * Reads what the platform sends. The contract's decoder is for what callers send (null is unset there, unknown
 * fields are dropped); a reply is taken as it is, but for the user's own data, which stays source text.
 */
import { propertyNode, RawJson, sourceOf, syntaxTree, wireTraits } from '@bytenite/contract';
import type { z } from 'zod';
import { UnreadableReplyError } from './errors.ts';

type Node = ReturnType<typeof syntaxTree>;

/** Parses and checks a reply; fields that this version does not know stay in it. */
export function decodeReply<S extends z.ZodType>(
  operation: string,
  schema: S,
  text: string,
): z.output<S> {
  const value = keepUserData(schema, parse(operation, text), text);
  const result = schema.safeParse(value);
  if (result.success) return value as z.output<S>;
  const [issue] = result.error.issues;
  const field = issue?.path.map(String).join('.') ?? '';
  throw new UnreadableReplyError(operation, [field, issue?.message].filter(Boolean).join(': '));
}

function parse(operation: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    throw new UnreadableReplyError(operation, 'it is not JSON');
  }
}

function keepUserData(schema: z.ZodType, value: unknown, text: string): unknown {
  if (!holdsUserData(schema)) return value;
  return walk(schema, value, syntaxTree(text), text);
}

function walk(schema: z.ZodType, value: unknown, node: Node | undefined, text: string): unknown {
  if (value === null || value === undefined || node === undefined) return value;
  if (!holdsUserData(schema)) return value;
  if (wireTraits.get(schema)?.opaque) return new RawJson(sourceOf(text, node));
  const def = definition(schema);
  if (def.type === 'object') {
    const fields = Object.entries(def.shape as Record<string, z.ZodType>);
    const read = fields
      .filter(([name, field]) => holdsUserData(field) && Object.hasOwn(value, name))
      .map(([name, field]) => {
        const inner = (value as Record<string, unknown>)[name];
        return [name, walk(field, inner, propertyNode(node, name), text)];
      });
    return { ...value, ...Object.fromEntries(read) };
  }
  if (def.type === 'array' && Array.isArray(value)) {
    return value.map((item, i) => walk(def.element as z.ZodType, item, node.children?.[i], text));
  }
  if (def.type === 'optional' || def.type === 'nullable') {
    return walk(def.innerType as z.ZodType, value, node, text);
  }
  return value;
}

const known = new WeakMap<z.ZodType, boolean>();

/** Whether the user's data can be anywhere below; most replies have none and are spared the syntax tree. */
function holdsUserData(schema: z.ZodType): boolean {
  let holds = known.get(schema);
  if (holds === undefined) {
    holds = withInnerSchemas(schema).some((inner) => wireTraits.get(inner)?.opaque === true);
    known.set(schema, holds);
  }
  return holds;
}

/** Each once: a folder holds folders. */
function withInnerSchemas(schema: z.ZodType): z.ZodType[] {
  const found = new Set([schema]);
  for (const inner of found) for (const next of innerSchemas(inner)) found.add(next);
  return [...found];
}

function innerSchemas(schema: z.ZodType): z.ZodType[] {
  const def = definition(schema);
  switch (def.type) {
    case 'object':
      return Object.values(def.shape as Record<string, z.ZodType>);
    case 'array':
      return [def.element as z.ZodType];
    case 'optional':
    case 'nullable':
      return [def.innerType as z.ZodType];
    default:
      return [];
  }
}

function definition(schema: z.ZodType): z.core.$ZodTypes['_zod']['def'] {
  return (schema as unknown as z.core.$ZodTypes)._zod.def;
}
