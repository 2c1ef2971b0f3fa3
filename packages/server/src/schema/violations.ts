import type { ErrorObject } from 'ajv';

import type { Violation } from './protocol.ts';

const MAX_VIOLATIONS = 100;
const MAX_TEXT = 300;

/** Words what Ajv found, at most 100 entries and without repetition. */
export function toViolations(errors: readonly ErrorObject[], value: unknown): Violation[] {
  const violations = new Map<string, Violation>();
  for (const error of errors) {
    if (violations.size === MAX_VIOLATIONS) break;
    const violation = toViolation(error, value);
    violations.set(`${violation.path}\n${violation.message}`, violation);
  }
  return [...violations.values()];
}

function toViolation(error: ErrorObject, value: unknown): Violation {
  const { property, message } = describe(error);
  const path = formatPath(error.instancePath, value) + (property === null ? '' : step(property));
  return { path: shorten(path.replace(/^\./, '')), message: shorten(message) };
}

/** What is said, and of which property when it is not the value at the error's own path. */
function describe({ keyword, params, message, propertyName }: ErrorObject): {
  property: string | null;
  message: string;
} {
  switch (keyword) {
    case 'required':
      return { property: String(params['missingProperty']), message: 'is required' };
    case 'dependentRequired':
    case 'dependencies':
      return {
        property: String(params['missingProperty']),
        message: `is required when ${String(params['property'])} is present`,
      };
    case 'additionalProperties':
      return { property: String(params['additionalProperty']), message: 'is not allowed' };
    case 'unevaluatedProperties':
      return { property: String(params['unevaluatedProperty']), message: 'is not allowed' };
    case 'propertyNames':
      return {
        property: String(params['propertyName']),
        message: 'has a name that is not allowed',
      };
    case 'false schema':
      return { property: null, message: 'is not allowed' };
    case 'enum':
      return { property: null, message: `must be one of ${list(params['allowedValues'])}` };
    case 'const':
      return { property: null, message: `must be ${JSON.stringify(params['allowedValue'])}` };
    default:
      return { property: propertyName ?? null, message: message ?? 'is not valid' };
  }
}

function list(values: unknown): string {
  return Array.isArray(values) ? values.map((value) => JSON.stringify(value)).join(', ') : '';
}

/** `/a/b/0/c` as `.a.b[0].c`: only the value tells an index from a property named `0`. */
function formatPath(pointer: string, value: unknown): string {
  let text = '';
  let current = value;
  for (const token of pointer.split('/').slice(1)) {
    const key = token.replaceAll('~1', '/').replaceAll('~0', '~');
    text += Array.isArray(current) ? `[${key}]` : step(key);
    current = (current as Record<string, unknown> | null | undefined)?.[key];
  }
  return text;
}

function step(property: string): string {
  return /^[\p{L}\p{N}_$-]+$/u.test(property) ? `.${property}` : `[${JSON.stringify(property)}]`;
}

function shorten(text: string): string {
  return text.length > MAX_TEXT ? `${text.slice(0, MAX_TEXT)}…` : text;
}
