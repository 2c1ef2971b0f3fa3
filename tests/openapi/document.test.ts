/** The served documents, judged by a validator of the specification that is not ours. */
import { validate } from '@readme/openapi-parser';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startPlatform, type Platform } from '../support/platform.ts';

const SERVICES = ['auth', 'customer', 'computing', 'dev', 'wallet'];

type Document = Exclude<Parameters<typeof validate>[0], string>;

let platform: Platform;

beforeAll(async () => {
  platform = await startPlatform({ runner: false });
});

afterAll(() => platform?.close());

async function documentOf(service: string): Promise<Document> {
  const served = await fetch(`${platform.url}/v1/${service}/docs/swagger.json`);
  expect(served.status).toBe(200);
  return (await served.json()) as Document;
}

test.each(SERVICES)('the document of %s is valid OpenAPI', async (service) => {
  expect(await validate(await documentOf(service))).toEqual({
    valid: true,
    specification: 'OpenAPI',
    warnings: [],
  });
});

test('a document that is not is found out', async () => {
  const document = await documentOf('wallet');
  Object.assign(document, { paths: { '/v1/x/{id}': { get: { responses: { ok: {} } } } } });
  expect(await validate(document)).toMatchObject({ valid: false });
});
