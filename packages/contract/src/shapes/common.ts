import { z } from 'zod';
import { RawJson } from '../raw-json.ts';
import { wireTraits } from '../decode.ts';
import { FILTER_CONDITION_PREFIX, FILTER_CONDITIONS } from '../states.ts';

/** RFC 3339 UTC, up to microseconds; null while unset. */
export const timestamp = z.string().nullable().meta({ format: 'date-time' });

/** A 64-bit integer, which travels as a string. */
export const stringInt = z
  .string()
  .regex(/^-?\d+$/)
  .meta({ description: '64-bit integer as a string' });

/** An object that belongs to the user: neither its keys nor its values are touched. */
export function userObject() {
  return z
    .custom<RawJson>(
      (value) => value instanceof RawJson && /^\s*\{/.test(value.text),
      'must be an object',
    )
    .meta({ override: { type: 'object', additionalProperties: true } })
    .register(wireTraits, { opaque: true });
}

/** A JSON object that belongs to the user, in replies. */
export function userJson() {
  return z
    .custom<RawJson>((value) => value instanceof RawJson)
    .meta({ override: { type: 'object', additionalProperties: true } });
}

/** Any JSON value, as parsed. */
export function anyJson() {
  return z.unknown().register(wireTraits, { json: true });
}

/** An enum that travels as PREFIX_NAME and is NAME in the code; numbers are places in the list. */
export function prefixedEnum<const T extends readonly [string, ...string[]]>(
  names: T,
  prefix: string,
) {
  return z
    .enum(names)
    .meta({ override: { type: 'string', enum: names.map((name) => prefix + name) } })
    .register(wireTraits, { prefix }); // after meta, which makes a copy
}

export const PageQuery = z.object({
  limit: z.int().min(0).optional(),
  offset: z.int().min(0).optional(),
  orderBy: z.string().optional(),
});
export type PageQuery = z.output<typeof PageQuery>;

/** One condition of a filter call; `value` is a bare scalar or list, or one of `google.protobuf`. */
export const FilterInput = z
  .object({
    field: z.string().min(1),
    condition: prefixedEnum(FILTER_CONDITIONS, FILTER_CONDITION_PREFIX).optional(),
    value: anyJson().optional(),
  })
  .meta({ id: 'Filter' });
export type FilterInput = z.output<typeof FilterInput>;

export const PageInput = z.object({
  pagination: z
    .object({ limit: z.int().min(0).optional(), offset: z.int().min(0).optional() })
    .optional(),
  orderBy: z.string().optional(),
  filters: z.array(FilterInput).max(64).optional(),
});
export type PageInput = z.output<typeof PageInput>;

export const Pagination = z
  .object({ total: z.int(), offset: z.int(), hasPrevious: z.boolean(), hasNext: z.boolean() })
  .meta({ id: 'Pagination' });
export type Pagination = z.output<typeof Pagination>;

const HttpError = z.object({ code: z.int(), message: z.string(), description: z.string() });

export const GenericResponse = z
  .object({
    ok: z.boolean(),
    requestId: z.string(),
    message: z.string(),
    error: HttpError.nullable().describe('null in a success'),
  })
  .meta({ id: 'commonGenericResponse' });

export const ProtobufAny = z
  .looseObject({ '@type': z.string().optional() })
  .meta({ id: 'protobufAny' });

export const RpcStatus = z
  .object({
    code: z.int(),
    message: z.string(),
    details: z.array(ProtobufAny),
    ok: z.boolean(),
    requestId: z.string(),
    error: HttpError,
  })
  .meta({ id: 'rpcStatus' });

export const ServiceInfo = z.object({
  version: z.object({ major: z.int(), minor: z.int(), tag: z.string() }),
  messages: z.array(z.string()).optional(),
});

export const Empty = z.object({});
