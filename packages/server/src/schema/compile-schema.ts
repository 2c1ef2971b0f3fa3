import { Ajv } from 'ajv';
import type { Options, ValidateFunction } from 'ajv';
import { Ajv2019 } from 'ajv/dist/2019.js';
import { Ajv2020 } from 'ajv/dist/2020.js';
import MissingRefError from 'ajv/dist/compile/ref_error.js';
import addFormats from 'ajv-formats';

import { describeJsonProblem } from './json-problem.ts';
import { linearRegExp } from './linear-regexp.ts';
import { toViolations } from './violations.ts';

export type CompiledSchema = { validate: ValidateFunction } | { problems: string[] };

type AjvInstance = Ajv | Ajv2019 | Ajv2020;
type AjvClass = new (options: Options) => AjvInstance;

interface Dialect {
  /** Of the schema that describes schemas of this dialect. */
  id: string;
  Validator: AjvClass;
}

const DRAFT_2020: Dialect = {
  id: 'https://json-schema.org/draft/2020-12/schema',
  Validator: Ajv2020,
};
const DRAFT_2019: Dialect = {
  id: 'https://json-schema.org/draft/2019-09/schema',
  Validator: Ajv2019,
};
const DRAFT_07: Dialect = { id: 'http://json-schema.org/draft-07/schema', Validator: Ajv };
export const DIALECTS: readonly Dialect[] = [DRAFT_2020, DRAFT_2019, DRAFT_07];

const MAX_TEXT = 500; // a problem may quote the schema

const OPTIONS: Options = {
  strict: false,
  allErrors: true,
  logger: false,
  // A required property named toString is not there just because every object inherits one.
  ownProperties: true,
  // Inlined, a small tree of references grows into code without end.
  inlineRefs: false,
  code: { regExp: linearRegExp },
};

/** Compiles a schema's text, or says what is wrong with it. It may take long: run it where it can be stopped. */
export function compileSchema(text: string): CompiledSchema {
  let schema: unknown;
  try {
    schema = JSON.parse(text);
  } catch (error) {
    return problem(`is not valid JSON: ${describeJsonProblem(text, error)}`);
  }
  if (typeof schema === 'boolean') return compile(DRAFT_2020, schema);
  if (typeof schema !== 'object' || schema === null || Array.isArray(schema)) {
    return problem('must be a JSON object');
  }
  const dialect = '$schema' in schema ? findDialect(schema.$schema) : DRAFT_2020;
  if (dialect === undefined) {
    return problem('names a $schema that is not supported: use draft 2020-12, 2019-09 or draft-07');
  }
  if ('$async' in schema) return problem('uses $async, which is not supported');
  return compile(dialect, schema);
}

/** People write http and https, with and without `#`. */
function findDialect(name: unknown): Dialect | undefined {
  if (typeof name !== 'string') return undefined;
  const withoutScheme = name.replace(/^https?:/, '').replace(/#$/, '');
  return DIALECTS.find(({ id }) => id.replace(/^https?:/, '') === withoutScheme);
}

/** Kept, as they hold nothing of any schema: making one takes longer than most calls. */
const checkers = new Map<Dialect, AjvInstance>();

function checkAgainstDialect(dialect: Dialect, schema: object | boolean): string[] {
  let checker = checkers.get(dialect);
  if (checker === undefined) {
    checker = createAjv(dialect, {});
    checkers.set(dialect, checker);
  }
  if (checker.validate(dialect.id, schema)) return [];
  const violations = toViolations(checker.errors ?? [], schema);
  return violations.map(({ path, message }) => (path === '' ? message : `${path} ${message}`));
}

function compile(dialect: Dialect, schema: object | boolean): CompiledSchema {
  try {
    const problems = checkAgainstDialect(dialect, schema);
    if (problems.length > 0) return { problems };
    // In an instance of its own: ids of one schema must not be seen by another.
    return { validate: createAjv(dialect, { validateSchema: false }).compile(schema) };
  } catch (error) {
    return problem(explain(error));
  }
}

function createAjv({ Validator }: Dialect, options: Options): AjvInstance {
  const ajv = new Validator({ ...OPTIONS, ...options });
  addFormats.default(ajv);
  return ajv;
}

function explain(error: unknown): string {
  if (error instanceof MissingRefError.default) {
    return (
      `has a $ref that leads nowhere: ${JSON.stringify(error.missingRef)} (other documents are never fetched; ` +
      'use a reference within the schema, such as "#/$defs/name")'
    );
  }
  return error instanceof RangeError
    ? 'is nested too deeply, or refers to itself without end'
    : messageOf(error);
}

function problem(text: string): CompiledSchema {
  return { problems: [text.length > MAX_TEXT ? `${text.slice(0, MAX_TEXT)}…` : text] };
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
