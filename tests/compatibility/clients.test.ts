/**
 * The clients that people already have, unmodified but for the origin: each a script that uses none of our
 * code, with components written by the habits of the public skeletons. And each is seen to notice a platform
 * that breaks a promise.
 */
import {
  createServer,
  request,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http';
import { once } from 'node:events';
import { mkdtemp, writeFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { runProgram } from '../cli/cli.ts';
import { startPlatform, type Platform } from '../support/platform.ts';

const CLIENTS = path.join(import.meta.dirname, 'clients');
const COMPONENTS = path.join(import.meta.dirname, 'components');
const PYTHON = process.env['BYTENITE_TEST_PYTHON'] ?? '/usr/bin/python3';

/** 5 lines, 9 words of three characters or more. */
const SOURCE = 'one two\nthree of\nfour five six\nby\nseven eight nine\n';

const total = (label: string, chunks: number, words: number, longest: string) => ({
  'totals/words.json': {
    words,
    labels: [label],
    results: Array.from({ length: chunks }, (_, i) => `result_${i}.json`),
    details: Array.from({ length: chunks }, (_, i) => `words_${i}.txt`),
    longest,
  },
});

/** What each script's job delivers. */
const KINDS: [name: string, script: string, files: Record<string, unknown>][] = [
  ['one call', 'one_call.py', total('one call', 3, 9, 'three')],
  ['upload', 'upload.sh', total('upload', 3, 9, 'three')],
  ['template', 'template.mjs', total('template', 3, 9, 'three')],
  ['step by step', 'step_by_step.py', total('steps', 3, 9, 'three')],
  ['integration', 'integration.mjs', { 'stamp.txt': 'stamped data.bin' }],
  ['early', 'early.py', total('early', 2, 6, 'three')],
];

interface Reply {
  status: number;
  text: string;
}
type Spoil = (reply: Reply) => Reply;

/** Promises that are easily broken, and what a client says when it finds one broken. */
const BROKEN: [what: string, spoil: Spoil, noticed: RegExp][] = [
  [
    'a creation that answers 201',
    ({ status, text }) => ({ status: text.startsWith('{"job":') ? 201 : status, text }),
    /201/,
  ],
  [
    'a 64-bit integer that is a number',
    ({ status, text }) => ({
      status,
      text: text.replaceAll(/"numUnitsEstimation":"(\d+)"/g, '"numUnitsEstimation":$1'),
    }),
    /numUnitsEstimation/,
  ],
  [
    'an error whose two shapes differ',
    ({ status, text }) => ({
      status,
      text: text.replace(/"code":\d+,"message"/, '"code":77,"message"'),
    }),
    /\b77\b/,
  ],
];

let platform: Platform;
let source: Server;
let sourceUrl: string;

beforeAll(async () => {
  platform = await startPlatform();
  source = await listen(createServer((_, response) => response.end(SOURCE)));
  sourceUrl = `${urlOf(source)}/words.txt`;
});

afterAll(async () => {
  source?.close();
  await platform?.close();
});

async function listen(server: Server): Promise<Server> {
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return server;
}

const urlOf = (server: Server) => `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

/** What stands in between spoils nothing by itself. */
test('a client that is told nothing false finds nothing', async () => {
  const fair = await startSpoiler((reply) => reply);
  const [, script] = KINDS[0] ?? [];
  expect(await runClient(script ?? '', urlOf(fair))).toMatchObject({ code: 0, stderr: '' });
  fair.close();
});

function interpreterOf(script: string): string {
  if (script.endsWith('.py')) return PYTHON;
  return script.endsWith('.sh') ? 'sh' : process.execPath;
}

/** Runs a client in a folder of its own, with nothing but an address and a key. */
async function runClient(script: string, url: string) {
  const cwd = await mkdtemp(path.join(platform.dir, 'client-'));
  await writeFile(path.join(cwd, 'source.txt'), SOURCE);
  return runProgram(interpreterOf(script), [path.join(CLIENTS, script)], {
    cwd,
    env: {
      PATH: process.env['PATH'],
      PYTHONDONTWRITEBYTECODE: '1',
      BYTENITE_URL: url,
      BYTENITE_API_KEY: platform.apiKey,
      SOURCE_URL: sourceUrl,
      COMPONENTS,
    },
  });
}

describe.each(KINDS)('a client of the kind "%s"', (_, script, files) => {
  test('runs its job to the end and finds every promise kept', async () => {
    const { code, stdout, stderr } = await runClient(script, platform.url);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const said = JSON.parse(stdout) as { jobId: string; files: unknown };
    expect(said.files).toEqual(files);
    const { job } = await platform.call<{ job: object }>('GET', `/v1/customer/jobs/${said.jobId}`);
    expect(job).toMatchObject({ state: 'JOB_STATE_COMPLETE', failureReason: 'NONE' });
  });

  test.each(BROKEN)('notices %s', async (__, spoil, noticed) => {
    const broken = await startSpoiler(spoil);
    const { code, stderr } = await runClient(script, urlOf(broken));
    broken.close();
    expect(code).not.toBe(0);
    expect(stderr).toMatch(noticed);
  });
});

/** Stands before the platform and spoils its replies. */
async function startSpoiler(spoil: Spoil): Promise<Server> {
  const server = createServer((incoming, response) => {
    const { method, url, headers } = incoming;
    const outgoing = request(
      platform.url + url,
      { method, headers },
      (reply) => void forward(reply, response, spoil),
    );
    outgoing.once('error', (error) => response.destroy(error));
    incoming.pipe(outgoing);
  });
  return listen(server);
}

async function forward(reply: IncomingMessage, response: ServerResponse, spoil: Spoil) {
  let text = '';
  for await (const part of reply.setEncoding('utf8')) text += String(part);
  const spoiled = spoil({ status: reply.statusCode ?? 502, text });
  const { 'content-length': _spoiled, ...headers } = reply.headers;
  response.writeHead(spoiled.status, headers).end(spoiled.text);
}
