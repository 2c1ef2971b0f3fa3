/**
 * Random bodies and queries on every call that is done: its sample with parts changed, and plain nonsense.
 * Whatever comes in, the answer is one of the contract's, in its shape, and in time; and afterwards the
 * server is the same process, answers, and holds no more than before.
 */
import { readFileSync } from 'node:fs';
import * as fc from 'fast-check';
import { ERRORS } from '@bytenite/contract';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startPlatform, type Platform } from '../support/platform.ts';
import { endpoints, fillPath } from '../wire/endpoints.ts';
import { prepareSamples, samplesOf, type Samples } from '../wire/samples.ts';

const SEED = Number(process.env['BYTENITE_FUZZ_SEED'] ?? Date.now() % 1e9);
const CASES = Number(process.env['BYTENITE_FUZZ_CASES'] ?? 50);
const ANSWER_MS = 20_000;
const STATUSES = new Set<number>([200, 413, ...Object.values(ERRORS).map(({ status }) => status)]);
/** It would wait for what never comes. */
const STREAMS = new Set(['Customer_Events']);

let platform: Platform;
let samples: Samples;

beforeAll(async () => {
  platform = await startPlatform({ runner: false, serverArgs: ['--allow-shared-process-tier'] });
  await prepareSamples(platform);
  samples = samplesOf(platform);
});

afterAll(() => platform.close());

const text = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.constantFrom(
    '',
    ' ',
    '\0',
    '__proto__',
    'constructor',
    '../..',
    '%00',
    '\ud800',
    '1e999',
    'NaN',
    '-0',
    '9'.repeat(400),
    'ü'.repeat(5000),
  ),
);
const scalar = fc.oneof(
  fc.constantFrom(null, true, false, 0, -1, 1e308, -1e308, 2 ** 53, 0.1, 'true', '5', [], {}),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  text,
);
const json = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    scalar,
    fc.array(tie('value'), { maxLength: 4 }),
    fc.dictionary(text, tie('value'), { maxKeys: 4 }),
  ),
})).value;

/** A value with some of its parts taken away, put twice, or replaced by anything. */
function changed(value: unknown): fc.Arbitrary<unknown> {
  const whole: fc.Arbitrary<unknown> = fc.oneof(
    { weight: 6, arbitrary: inside(value) },
    { weight: 1, arbitrary: scalar },
    { weight: 1, arbitrary: json },
  );
  return whole;
}

function inside(value: unknown): fc.Arbitrary<unknown> {
  if (Array.isArray(value)) return fc.tuple(...value.map((item) => changed(item)));
  if (typeof value !== 'object' || value === null) return fc.constant(value);
  const fields = Object.entries(value).map(([name, part]) =>
    fc.tuple(
      fc.oneof({ weight: 9, arbitrary: fc.constant(name) }, { weight: 1, arbitrary: text }),
      fc.option(changed(part), { nil: undefined, freq: 8 }),
    ),
  );
  return fc
    .tuple(...fields)
    .map((pairs) => Object.fromEntries(pairs.filter(([, part]) => part !== undefined)));
}

/** As text: whole, cut off, or with nonsense around it. */
function bodies(sample: unknown): fc.Arbitrary<string | undefined> {
  const whole = fc
    .oneof({ weight: 4, arbitrary: changed(sample ?? {}) }, { weight: 1, arbitrary: json })
    .map((value) => JSON.stringify(value));
  return fc.oneof(
    { weight: 8, arbitrary: whole },
    {
      weight: 1,
      arbitrary: fc
        .tuple(whole, fc.nat())
        .map(([body, at]) => body.slice(0, at % (body.length + 1))),
    },
    { weight: 1, arbitrary: fc.string({ unit: 'binary' }) },
    { weight: 1, arbitrary: fc.constant(undefined) },
  );
}

const queries = (names: readonly string[]): fc.Arbitrary<[string, string][]> =>
  fc.array(
    fc.tuple(
      fc.oneof(
        { weight: 4, arbitrary: fc.constantFrom('limit', 'offset', 'orderBy', ...names) },
        text,
      ),
      fc.oneof(text, fc.constantFrom('0', '-1', '5', '1e3', '-createdAt', 'name desc', 'true')),
    ),
    { maxLength: 3 },
  );

async function answerOf(
  url: string,
  method: string,
  body: string | undefined,
  token: string,
): Promise<{ status: number; reply: unknown }> {
  const response = await fetch(url, {
    method,
    headers: { authorization: token },
    ...(method === 'GET' || body === undefined ? {} : { body }),
    signal: AbortSignal.timeout(ANSWER_MS),
  });
  return { status: response.status, reply: JSON.parse(await response.text()) as unknown };
}

/** Each call once: other spellings of its path lead to the same code. */
const TARGETS = endpoints()
  .filter(({ route, id }) => route.done && !STREAMS.has(id))
  .filter(({ id }, i, all) => all.findIndex((other) => other.id === id) === i)
  .map((endpoint) => ({
    ...endpoint,
    name: `${endpoint.method} ${endpoint.path} (${endpoint.id})`,
  }));

describe(`with the seed ${SEED}`, () => {
  test.each(TARGETS)('$name', async ({ id, method, path, route }) => {
    const sampleOf = samples[id];
    if (sampleOf === undefined) throw new Error(`no sample for ${id}`);
    const first = await sampleOf();
    const names = Object.keys((route.query as { shape?: object } | undefined)?.shape ?? {});
    const inputs = fc.record({ body: bodies(first.body), query: queries(names), anew: fc.nat(9) });
    let sample = first;
    await fc.assert(
      fc.asyncProperty(inputs, async ({ body, query, anew }) => {
        // What a call uses up is made again now and then.
        if (anew === 0) sample = await sampleOf();
        const search = new URLSearchParams(query);
        const url = `${platform.url}${fillPath(path, sample.params ?? {})}?${search.toString()}`;
        const { status, reply } = await answerOf(
          url,
          method,
          body,
          sample.token ?? platform.apiKey,
        );
        expect(STATUSES).toContain(status);
        expect(status).toBeLessThan(500);
        if (status === 200) return;
        expect(reply).toMatchObject({
          code: expect.any(Number),
          message: expect.stringMatching(/./),
          details: expect.any(Array),
          ok: false,
          requestId: expect.stringMatching(/./),
          error: { code: status, message: expect.any(String), description: expect.any(String) },
        });
      }),
      { seed: SEED, numRuns: CASES, endOnFailure: true },
    );
  });

  test('and then the server is well', async () => {
    const { pid } = platform.server.process;
    expect(platform.server.process.exitCode).toBeNull();
    const ready = await fetch(`${platform.url}/readyz`);
    expect(ready.status).toBe(200);
    const status = readFileSync(`/proc/${pid}/status`, 'utf8');
    const residentMiB = Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) / 1024;
    expect(residentMiB).toBeLessThan(600);
    const log = await platform.logs();
    expect(log.split('\n').filter((line) => line.includes('"level":50'))).toEqual([]);
  });
});
