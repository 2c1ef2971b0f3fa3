/** The contract's wire rules, on every operation at every path where it answers. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startPlatform, type Platform } from '../support/platform.ts';
import { bodyFields, endpoints, fillPath, type Endpoint } from './endpoints.ts';
import { outcomeOf, probe, type Answer } from './probe.ts';
import { prepareSamples, samplesOf, type Sample, type Samples } from './samples.ts';
import { respell, respellQuery } from './spell.ts';

let platform: Platform;
let samples: Samples;

beforeAll(async () => {
  platform = await startPlatform({ runner: false });
  await prepareSamples(platform);
  samples = samplesOf(platform);
});

afterAll(() => platform.close());

interface Form {
  query?: (query: Record<string, string>) => Record<string, string>;
  /** The text to send for the sample's body. */
  body?: (body: unknown) => string | undefined;
  contentType?: string;
  suffix?: string;
}

const asJson = (body: unknown) => (body === undefined ? undefined : JSON.stringify(body));

async function sampleOf({ id, route }: Endpoint): Promise<Sample> {
  const make = samples[id];
  if (make === undefined && route.done) throw new Error(`${id} is done and has no sample`);
  return make === undefined ? {} : make();
}

/** Sends an endpoint's sample in some form. */
async function send(endpoint: Endpoint, form: Form = {}): Promise<Answer> {
  const sample = await sampleOf(endpoint);
  const query = new URLSearchParams((form.query ?? ((as) => as))(sample.query ?? {}));
  const path = fillPath(endpoint.path, sample.params ?? {}) + (form.suffix ?? '');
  const body = (form.body ?? asJson)(sample.body);
  const isBodiless = endpoint.method === 'GET';
  return probe({
    method: endpoint.method,
    url: platform.url + path + (query.size > 0 ? `?${query.toString()}` : ''),
    headers: {
      authorization: sample.token ?? platform.apiKey,
      ...(form.contentType === undefined ? {} : { 'content-type': form.contentType }),
    },
    ...(isBodiless || body === undefined ? {} : { body }),
  });
}

async function pathOf(endpoint: Endpoint): Promise<string> {
  return platform.url + fillPath(endpoint.path, (await sampleOf(endpoint)).params ?? {});
}

const ALL = endpoints().map((endpoint) => ({
  ...endpoint,
  name: `${endpoint.method} ${endpoint.path} (${endpoint.id})`,
}));
const DONE = ALL.filter(({ route }) => route.done);
const WITH_BODY = DONE.filter(({ method }) => method !== 'GET' && method !== 'DELETE');

describe.each(ALL.filter(({ route }) => !route.open))('$name', (endpoint) => {
  test('asks for a token, in any form but a wrong one', async () => {
    const { method } = endpoint;
    const url = await pathOf(endpoint);
    const without = await probe({ method, url });
    expect(without).toMatchObject({
      status: 401,
      body: { code: 16, message: 'authentication required' },
    });
    const wrong = await probe({ method, url, headers: { authorization: 'Bearer wrong' } });
    expect(wrong).toMatchObject({ status: 401, body: { code: 16, message: 'invalid token' } });
  });
});

describe.each(ALL)('$name', (endpoint) => {
  test('answers a wrong method with 405', async () => {
    const { method, otherMethods } = endpoint;
    const url = await pathOf(endpoint);
    for (const other of otherMethods) {
      const answer = await probe({ method: other, url });
      expect({ other, ...answer }).toMatchObject({ other, status: 405, body: { code: 12 } });
      expect(answer.headers.get('allow')).toContain(method);
    }
  });
});

describe.each(ALL.filter(({ route }) => !route.done))('$name', (endpoint) => {
  test('is not built and says so, whatever is sent', async () => {
    for (const body of [undefined, '{}', '{"a":']) {
      const answer = await send(endpoint, { body: () => body });
      expect(answer).toMatchObject({ status: 501, body: { code: 12 } });
    }
  });
});

describe.each(DONE)('$name', (endpoint) => {
  test('takes its sample, with a trailing slash too', async () => {
    const { status = 200 } = await sampleOf(endpoint);
    const plain = await send(endpoint);
    expect(plain).toMatchObject({ status });
    expect(outcomeOf(await send(endpoint, { suffix: '/' }))).toEqual(outcomeOf(plain));
  });
});

describe.each(DONE.filter(({ route }) => route.query !== undefined))('$name', (endpoint) => {
  test('takes query keys in snake_case', async () => {
    const plain = await send(endpoint);
    expect(outcomeOf(await send(endpoint, { query: respellQuery }))).toEqual(outcomeOf(plain));
  });
});

describe.each(WITH_BODY)('$name', (endpoint) => {
  test('does not look at the Content-Type', async () => {
    const expected = outcomeOf(await send(endpoint));
    for (const contentType of ['application/json', 'text/plain', 'multipart/form-data; x']) {
      const outcome = outcomeOf(await send(endpoint, { contentType }));
      expect({ contentType, ...outcome }).toEqual({ contentType, ...expected });
    }
  });

  test('takes no body, and a blank one, as {}', async () => {
    const expected = outcomeOf(await send(endpoint, { body: () => '{}' }));
    expect(outcomeOf(await send(endpoint, { body: () => undefined }))).toEqual(expected);
    expect(outcomeOf(await send(endpoint, { body: () => ' \n' }))).toEqual(expected);
  });

  test('refuses broken JSON', async () => {
    for (const body of ['{"a":', '{"a":1}}', 'nonsense', '{"a":1,}', '['.repeat(200_000)]) {
      const answer = await send(endpoint, { body: () => body });
      expect(answer).toMatchObject({ status: 400, body: { code: 3 } });
    }
  });

  test('ignores unknown fields', async () => {
    const expected = outcomeOf(await send(endpoint));
    const body = (known: unknown) =>
      JSON.stringify({ unknownField: { a: [1] }, ...(known as object), __proto__x: 1 });
    expect(outcomeOf(await send(endpoint, { body }))).toEqual(expected);
  });
});

describe.each(WITH_BODY.filter(({ route }) => bodyFields(route).length > 0))(
  '$name',
  (endpoint) => {
    test('takes null as unset', async () => {
      const fields = bodyFields(endpoint.route);
      const nulls = Object.fromEntries(fields.map((field) => [field, null]));
      const unset = outcomeOf(await send(endpoint, { body: () => '{}' }));
      expect(outcomeOf(await send(endpoint, { body: () => JSON.stringify(nulls) }))).toEqual(unset);
      const full = outcomeOf(await send(endpoint));
      const withNulls = (body: unknown) => JSON.stringify({ ...nulls, ...(body as object) });
      expect(outcomeOf(await send(endpoint, { body: withNulls }))).toEqual(full);
    });

    test('takes snake_case keys, and numbers and booleans as strings', async () => {
      const expected = outcomeOf(await send(endpoint));
      const body = (camel: unknown) => JSON.stringify(respell(camel));
      expect(outcomeOf(await send(endpoint, { body }))).toEqual(expected);
    });
  },
);
