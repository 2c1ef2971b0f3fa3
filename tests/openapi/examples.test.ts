/**
 * The requests and replies that the documents show: recorded from a real platform, one for every call that is
 * done, and true of the platform of today. `npm run examples` records them anew.
 */
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { ROUTES, SERVICES, type Route, type ServiceName } from '@bytenite/contract';
import { openApiDocument } from '@bytenite/contract/openapi';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { EXAMPLES } from '../../packages/contract/src/examples.ts';
import type { CallExample } from '../../packages/contract/src/openapi-examples.ts';
import { SHARED } from '../support/accounts.ts';
import { startPlatform, type Platform } from '../support/platform.ts';
import { recordExamples } from './recording.ts';

const FILE = path.resolve(import.meta.dirname, '../../packages/contract/src/examples.ts');
const HEADER = `// Recorded from a platform by \`npm run examples\`: a request and its reply for every call that is done.
import type { CallExample } from './openapi-examples.ts';

export const EXAMPLES: Readonly<Record<string, CallExample>> = `;

const isRecording = process.env['BYTENITE_RECORD_EXAMPLES'] === '1';

let platform: Platform;
let recorded: Record<string, CallExample>;

beforeAll(async () => {
  platform = await startPlatform(SHARED);
  recorded = await recordExamples(platform);
});

afterAll(() => platform?.close());

const DONE = Object.values(ROUTES)
  .flatMap((routes) => Object.entries<Route>(routes))
  .filter(([, route]) => route.done);

// Not a test that is skipped: elsewhere than in `npm run examples` there is none.
test.each(isRecording ? [FILE] : [])('they are recorded anew in %s', async (file) => {
  expect(Object.keys(recorded)).toEqual(DONE.map(([id]) => id));
  await writeFile(file, `${HEADER}${JSON.stringify(recorded, null, 2)};\n`);
});

describe.runIf(!isRecording)('what the documents show', () => {
  test.each(DONE)('of %s is what a platform says', (id) => {
    expect(EXAMPLES[id], 'recorded by `npm run examples`').toEqual(recorded[id]);
  });
});

interface Shown {
  schema: object;
  example?: unknown;
}

interface Operation {
  operationId: string;
  parameters?: (Shown & { in: string; name: string })[];
  requestBody?: { content: Record<string, Shown> };
  responses: Record<string, { content?: Record<string, Shown> }>;
}

interface Document {
  paths: Record<string, Record<string, Operation>>;
}

describe.runIf(!isRecording).each(Object.keys(SERVICES) as ServiceName[])(
  'the document of %s',
  (service) => {
    const document = openApiDocument(service, 'https://bytenite.example.org', '0.1.0') as Document;
    const ajv = new Ajv2020({ strict: false, validateFormats: false, allErrors: true });
    ajv.addSchema(document, 'document');
    const operations = Object.entries(document.paths).flatMap(([place, item]) =>
      Object.entries(item).map(([method, operation]) => ({
        ...operation,
        pointer: `document#/paths/${place.replaceAll('/', '~1')}/${method}`,
      })),
    );

    /** Every place of an operation that can show something: where it is, and what it shows. */
    function placesOf({
      parameters = [],
      requestBody,
      responses,
      pointer,
    }: (typeof operations)[number]) {
      const escaped = (type: string) => type.replaceAll('/', '~1');
      const contents = (content: Record<string, Shown> | undefined, at: string) =>
        Object.entries(content ?? {}).map(
          ([type, shown]) => [`${at}/content/${escaped(type)}`, shown] as const,
        );
      return [
        ...parameters.map((parameter, i) => [`${pointer}/parameters/${i}`, parameter] as const),
        ...contents(requestBody?.content, `${pointer}/requestBody`),
        ...Object.entries(responses).flatMap(([status, { content }]) =>
          contents(content, `${pointer}/responses/${status}`),
        ),
      ];
    }

    test.each(operations)(
      'shows a request and a reply of $operationId, as it describes them',
      (operation) => {
        const isDone = operation.responses['501'] === undefined;
        const places = placesOf(operation);
        const silent = places.filter(
          ([, shown]) => isDone && isShown(shown) && shown.example === undefined,
        );
        expect(silent.map(([pointer]) => pointer)).toEqual([]);
        const wrong = places.flatMap(([pointer, { example }]) => {
          if (example === undefined) return [];
          const check = ajv.compile({ $ref: `${encodeURI(pointer)}/schema` });
          return check(example) ? [] : [{ pointer, example, errors: check.errors }];
        });
        expect(wrong).toEqual([]);
      },
    );
  },
);

/**
 * What a query or a header can leave out, an example can too: the document's page would send it by itself,
 * and of a key for one call that is wrong.
 */
function isShown(shown: Shown & { in?: string }): boolean {
  return shown.in !== 'query' && shown.in !== 'header';
}
