/** Sources that lie about where they are, or never end, from a real server in a network of its own. */
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { ROOT, runProgram } from '../cli/cli.ts';
import { canOrSay } from '../support/can-or-say.ts';
import type { Outcome } from './network/hostile-sources.ts';

const ISOLATE = process.getuid?.() === 0 ? ['-n', '-m'] : ['-r', '-n', '-m'];
/** A machine may refuse its users a network of their own; the guard's unit tests run everywhere. */
const canIsolate = canOrSay('hostile sources', {
  'a user who may make a network of its own (unshare)':
    spawnSync('unshare', [...ISOLATE, 'true']).status === 0,
});
const PUBLIC = '93.184.215.14';

const SOURCES = [
  `${PUBLIC}/data.txt`,
  `${PUBLIC}/to-private`,
  `${PUBLIC}/to-name`,
  `${PUBLIC}/redirects`,
  `${PUBLIC}/silent`,
  `${PUBLIC}/drip`,
  `${PUBLIC}/endless`,
  'rebinds.test/data.txt',
  'rebinds.test/secret',
  'both.test/secret',
  'metadata.test/secret',
  'no-such.test/secret',
];

let outcomes: Record<string, Outcome> = {};

beforeAll(async () => {
  if (!canIsolate) return;
  const program = path.join(ROOT, 'tests/bad-input/network/hostile-sources.ts');
  const node = [process.execPath, '--import', import.meta.resolve('tsx'), program, ...SOURCES];
  const { code, stdout, stderr } = await runProgram('unshare', [...ISOLATE, ...node], {
    cwd: ROOT,
  });
  if (code !== 0) throw new Error(stderr);
  outcomes = JSON.parse(stdout) as Record<string, Outcome>;
}, 90_000);

describe.skipIf(!canIsolate)('a source', () => {
  test('at a public address is read', () => {
    expect(outcomes[`${PUBLIC}/data.txt`]).toMatchObject({
      state: 'JOB_STATE_PARTITIONED',
      reached: [`${PUBLIC}/data.txt`],
    });
  });

  test.each([
    [
      'redirects to a private address',
      `${PUBLIC}/to-private`,
      /redirected to .*loopback address 127\.0\.0\.1/,
    ],
    [
      'redirects to a name of a private address',
      `${PUBLIC}/to-name`,
      /turns\.test.*loopback address 127\.0\.0\.1/,
    ],
    ['redirects for ever', `${PUBLIC}/redirects`, /redirects more than 5 times/],
    ['has a public and a private address', 'both.test/secret', /loopback address 127\.0\.0\.1/],
    ['has the address of a metadata service', 'metadata.test/secret', /169\.254\.169\.254/],
    ['has no address', 'no-such.test/secret', /no-such\.test/],
    ['falls silent', `${PUBLIC}/silent`, /stopped sending \(5 bytes were read\)/],
    ['sends a byte now and then for ever', `${PUBLIC}/drip`, /sends too slowly to ever end/],
    ['never ends', `${PUBLIC}/endless`, /larger than the 4194304 bytes/],
  ])('that %s fails the job, and says so', (_, source, message) => {
    expect(outcomes[source]).toMatchObject({
      state: 'JOB_STATE_FAILED',
      failureReason: 'DATA_SOURCE',
      errorMessage: expect.stringMatching(message),
    });
    expect(outcomes[source]?.reached.filter((place) => !place.startsWith(PUBLIC))).toEqual([]);
  });

  test('whose name leads elsewhere when it is asked again is read where it was checked, or refused', () => {
    // Asked once, it is public, and only that address is reached; asked again, it is this machine.
    expect(outcomes['rebinds.test/data.txt']).toMatchObject({
      state: 'JOB_STATE_PARTITIONED',
      reached: [`${PUBLIC}/data.txt`],
    });
    const later = outcomes['rebinds.test/secret'];
    expect(later?.reached.filter((place) => !place.startsWith(PUBLIC))).toEqual([]);
  });
});
