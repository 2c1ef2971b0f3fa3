import { afterAll, afterEach, describe, expect, it } from 'vitest';

import { WorkerBusy } from './limited-worker.ts';
import { createSchemaValidator } from './validate.ts';
import type { SchemaValidator, Violation } from './validate.ts';

// The worker runs from its .ts source, with tsx registered inside the thread (see thread-program.ts).
const shared = createSchemaValidator({ timeoutMs: 5000 });
const own: SchemaValidator[] = [];

function makeValidator(limits: Parameters<typeof createSchemaValidator>[0]): SchemaValidator {
  const validator = createSchemaValidator(limits);
  own.push(validator);
  return validator;
}

afterEach(async () => {
  await Promise.all(own.splice(0).map((validator) => validator.close()));
});

afterAll(async () => {
  await shared.close();
});

function check(schema: unknown): Promise<string[]> {
  return shared.check(JSON.stringify(schema));
}

function validate(schema: unknown, value: unknown): Promise<Violation[]> {
  return shared.validate(JSON.stringify(schema), JSON.stringify(value));
}

/** 2^40 evaluations from a few hundred bytes. */
const TREE = {
  $defs: Object.fromEntries(
    Array.from({ length: 40 }, (_, i) => [
      `d${i}`,
      i === 39
        ? { type: 'object' }
        : { allOf: [{ $ref: `#/$defs/d${i + 1}` }, { $ref: `#/$defs/d${i + 1}` }] },
    ]),
  ),
  $ref: '#/$defs/d0',
};

describe('check', () => {
  it.each([
    {},
    true,
    {
      type: 'object',
      properties: { a: { type: 'string', pattern: '^\\p{L}+$', format: 'email' } },
    },
    {
      $schema: 'http://json-schema.org/draft-07/schema#',
      definitions: { a: { type: 'number' } },
      items: [{ $ref: '#/definitions/a' }],
    },
    {
      $schema: 'https://json-schema.org/draft/2019-09/schema',
      $recursiveAnchor: true,
      properties: { a: { $recursiveRef: '#' } },
    },
    {
      $schema: 'https://json-schema.org/draft/2020-12/schema',
      $id: 'https://example.org/s',
      prefixItems: [{ $ref: '#/$defs/a' }],
      $defs: { a: {} },
    },
    { type: 'object', properties: { child: { $ref: '#' } } },
    { title: 'Form', 'x-order': ['a'], unknownKeyword: 1, format: 'no-such-format' },
  ])('finds nothing wrong with %j', async (schema) => {
    expect(await check(schema)).toEqual([]);
  });

  it.each([
    ['{', /^is not valid JSON: /],
    ['[]', /^must be a JSON object$/],
    ['"text"', /^must be a JSON object$/],
    ['{"type":"strin"}', /^type must be one of "array", "boolean"/],
    ['{"properties":{"a":{"minLength":-1}}}', /^properties\.a\.minLength must be >= 0$/],
    [
      '{"$schema":"http://json-schema.org/draft-04/schema#"}',
      /^names a \$schema that is not supported: use draft 2020-12, 2019-09 or draft-07$/,
    ],
    ['{"$schema":7}', /^names a \$schema that is not supported/],
    ['{"$async":true}', /^uses \$async/],
    [
      '{"$ref":"https://example.org/other.json"}',
      /^has a \$ref that leads nowhere: "https:\/\/example\.org\/other\.json" \(other documents are never fetched/,
    ],
    ['{"$ref":"#/$defs/missing"}', /^has a \$ref that leads nowhere: "#\/\$defs\/missing"/],
    ['{"pattern":"(?=a)b"}', /^pattern "\(\?=a\)b" is not supported: .*no look-arounds/],
    ['{"patternProperties":{"(a)\\\\1":{}}}', /^pattern "\(a\)\\\\1" is not supported/],
  ])('says what is wrong with %s', async (text, problem) => {
    const problems = await shared.check(text);
    expect(problems[0]).toMatch(problem);
  });

  it('lists all problems of a schema', async () => {
    const problems = await check({ properties: { a: { minLength: 'x' }, b: { required: 'x' } } });
    expect(problems).toEqual([
      'properties.a.minLength must be integer',
      'properties.b.required must be array',
    ]);
  });

  it('quotes no more of a schema than anyone reads', async () => {
    const [problem] = await check({ pattern: `(?=${'x'.repeat(10_000)})` });
    expect(problem?.length).toBeLessThan(600);
  });

  it('refuses a schema of unreasonable length', async () => {
    expect(await shared.check(`{"title":"${'x'.repeat(300_000)}"}`)).toEqual([
      'is longer than 262144 characters',
    ]);
  });
});

describe('validate', () => {
  it('accepts a value that fits', async () => {
    expect(await validate({ type: 'object', required: ['a'] }, { a: 1 })).toEqual([]);
  });

  it('gives every violation the path of what is wrong', async () => {
    const schema = {
      type: 'object',
      required: ['prompt', 'list'],
      properties: {
        size: { type: 'integer', minimum: 1 },
        mode: { enum: ['fast', 'good'] },
        version: { const: 2 },
        list: {
          type: 'array',
          items: {
            type: 'object',
            required: ['name'],
            additionalProperties: false,
            properties: { name: {} },
          },
        },
        map: {
          type: 'object',
          additionalProperties: { type: 'string' },
          propertyNames: { pattern: '^[a-z0-9. ]+$' },
        },
        off: false,
      },
      dependentRequired: { size: ['unit'] },
      unevaluatedProperties: false,
    };
    const value = {
      size: 0.5,
      mode: 'slow',
      version: 1,
      list: [{ name: 1 }, { nam: 1 }],
      map: { '0': 1, 'a.b c': 2, BAD: 'x' },
      off: 1,
      extra: 1,
    };
    const violations = await validate(schema, value);
    expect(violations.map(({ path, message }) => `${path}: ${message}`).toSorted()).toEqual([
      'extra: is not allowed',
      'list[1].nam: is not allowed',
      'list[1].name: is required',
      'map.0: must be string',
      'map.BAD: has a name that is not allowed',
      'map.BAD: must match pattern "^[a-z0-9. ]+$"',
      'map["a.b c"]: must be string',
      'mode: must be one of "fast", "good"',
      'off: is not allowed',
      'prompt: is required',
      'size: must be >= 1',
      'size: must be integer',
      'unit: is required when size is present',
      'version: must be 2',
    ]);
  });

  it('gives a violation of the value itself the empty path', async () => {
    expect(await validate({ type: 'object' }, [])).toEqual([
      { path: '', message: 'must be object' },
    ]);
    expect(await shared.validate('{}', '{"a":')).toEqual([
      { path: '', message: 'is not valid JSON' },
    ]);
  });

  it('follows the draft that the schema names', async () => {
    const tuple = [{ type: 'string' }];
    const old = { $schema: 'http://json-schema.org/draft-07/schema#', items: tuple };
    expect(await validate(old, [1, 2])).toEqual([{ path: '[0]', message: 'must be string' }]);
    expect(await validate({ prefixItems: tuple, items: { type: 'number' } }, ['a', 'b'])).toEqual([
      { path: '[1]', message: 'must be number' },
    ]);
  });

  it('checks formats', async () => {
    expect(await validate({ format: 'email' }, 'ada')).toEqual([
      { path: '', message: 'must match format "email"' },
    ]);
    expect(await validate({ format: 'date-time' }, '2026-02-03T09:14:20Z')).toEqual([]);
  });

  it('finds a pattern anywhere in the text, by code points', async () => {
    expect(await validate({ pattern: 'b' }, 'abc')).toEqual([]);
    expect(await validate({ pattern: '^.$' }, '😀')).toEqual([]);
    expect(await validate({ pattern: '^\\d+\\/\\u0041$' }, '12/A')).toEqual([]);
    expect(await validate({ pattern: '^b' }, 'abc')).toHaveLength(1);
  });

  it('knows own properties only', async () => {
    expect(await validate({ required: ['toString', '__proto__'] }, {})).toHaveLength(2);
    expect(
      await shared.validate('{"additionalProperties":false}', '{"__proto__":1,"constructor":2}'),
    ).toEqual([
      { path: '__proto__', message: 'is not allowed' },
      { path: 'constructor', message: 'is not allowed' },
    ]);
  });

  it('gives at most 100 violations, each of bounded length', async () => {
    const violations = await validate(
      { items: { type: 'string' } },
      Array.from({ length: 5000 }, (_, i) => i),
    );
    expect(violations).toHaveLength(100);
    const [long] = await validate({ additionalProperties: false }, { ['x'.repeat(10_000)]: 1 });
    expect(long?.path.length).toBeLessThan(400);
  });

  it('answers for a schema that cannot be used', async () => {
    const violations = await shared.validate('{"type":"strin"}', '{}');
    expect(violations[0]?.path).toBe('');
    expect(violations[0]?.message).toMatch(/^schema\.json type must be one of "array"/);
  });

  it('keeps the ids of one schema from another', async () => {
    const first = { $id: 'https://example.org/a', $defs: { x: { $id: 'inner', type: 'string' } } };
    expect(await check(first)).toEqual([]);
    expect(await check(first)).toEqual([]);
    expect((await check({ $ref: 'https://example.org/inner' }))[0]).toMatch(/leads nowhere/);
    expect((await check({ $ref: 'https://example.org/a' }))[0]).toMatch(/leads nowhere/);
  });
});

describe('hostile schemas', () => {
  it('a pattern with nested repetition takes linear time', async () => {
    expect(await validate({ pattern: '^(a+)+$' }, `${'a'.repeat(50_000)}!`)).toHaveLength(1);
  });

  it('a tree of references is stopped, and the next call answers', async () => {
    const validator = makeValidator({ timeoutMs: 250 });
    const tree = JSON.stringify(TREE);
    const stopped = validator.validate(tree, '{}');
    const next = validator.validate('{"type":"object"}', '[]');
    expect(await stopped).toEqual([
      { path: '', message: 'schema.json takes longer than 250 ms to check' },
    ]);
    expect(await next).toEqual([{ path: '', message: 'must be object' }]);
  });

  it('does not hold up the thread that asks', async () => {
    const validator = makeValidator({ timeoutMs: 300 });
    await validator.check('{}');
    let ticks = 0;
    const ticking = setInterval(() => {
      ticks += 1;
    }, 10);
    await validator.validate(JSON.stringify(TREE), '{}');
    clearInterval(ticking);
    expect(ticks).toBeGreaterThan(5);
  });

  it('recursion without end is an answer, not a crash', async () => {
    const endless = {
      $defs: { a: { $ref: '#/$defs/b' }, b: { $ref: '#/$defs/a' } },
      $ref: '#/$defs/a',
    };
    expect(await check(endless)).toEqual(['is nested too deeply, or refers to itself without end']);
    const nested = `${'{"not":'.repeat(20_000)}{}${'}'.repeat(20_000)}`;
    expect((await shared.check(nested)).length).toBeGreaterThan(0);
    const deep = `${'['.repeat(100_000)}${']'.repeat(100_000)}`;
    expect(
      await shared.validate(
        '{"$ref":"#/$defs/a","$defs":{"a":{"items":{"$ref":"#/$defs/a"}}}}',
        deep,
      ),
    ).toEqual([{ path: '', message: 'is nested too deeply' }]);
  });

  it('memory without end is stopped, and the next call answers', async () => {
    const validator = makeValidator({ timeoutMs: 60_000 });
    // Every error of every branch is kept until the end.
    const errors = validator.validate(
      JSON.stringify({ ...TREE, $defs: { ...TREE.$defs, d39: { type: 'string' } } }),
      '{}',
    );
    expect(await errors).toEqual([
      { path: '', message: 'schema.json takes more than 64 MB of memory to check' },
    ]);
    expect(await validator.check('{}')).toEqual([]);
  });
});

describe('the worker', () => {
  it('refuses calls beyond the queue at once', async () => {
    const validator = makeValidator({ timeoutMs: 5000, maxWaiting: 2 });
    const calls = [1, 2, 3, 4, 5].map(() => validator.check('{}'));
    const results = await Promise.allSettled(calls);
    expect(results.map((result) => result.status)).toEqual([
      'fulfilled',
      'fulfilled',
      'fulfilled',
      'rejected',
      'rejected',
    ]);
    expect((results[4] as PromiseRejectedResult).reason).toBeInstanceOf(WorkerBusy);
    expect(await validator.check('{}')).toEqual([]);
  });

  it('rejects what runs and waits when it is closed, and every call after', async () => {
    const validator = makeValidator({ timeoutMs: 60_000 });
    const calls = [validator.validate(JSON.stringify(TREE), '{}'), validator.check('{}')];
    const results = Promise.allSettled(calls);
    await validator.close();
    expect((await results).map((result) => result.status)).toEqual(['rejected', 'rejected']);
    await expect(validator.check('{}')).rejects.toThrow(/closed/);
  });

  it('answers many calls one after the other', async () => {
    const schemas = Array.from({ length: 50 }, (_, i) => JSON.stringify({ const: i }));
    const answers = await Promise.all(
      schemas.map((schema, i) => shared.validate(schema, String(i))),
    );
    expect(answers.every((answer) => answer.length === 0)).toBe(true);
  });
});
