/** The escape suite: each attack first succeeds outside of the sandbox, and then fails inside. */
import { execFileSync, spawnSync } from 'node:child_process';
import path from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { ROOT, runProgram } from '../cli/cli.ts';
import { canOrSay } from '../support/can-or-say.ts';
import type { CaseOutcome } from './program.ts';

const ISOLATE = ['-n', '-m'];
const RUN_MS = 170_000;
const canRun = canOrSay('the escape suite', {
  'the tools for networks that npm test installs':
    process.env['BYTENITE_TEST_NETWORK_TOOLS'] !== undefined,
  'root who may make namespaces':
    process.getuid?.() === 0 && spawnSync('unshare', [...ISOLATE, 'true']).status === 0,
});

let outcomes: CaseOutcome[] = [];
let reached: string[] = [];

describe.runIf(canRun)('escape suite', () => {
  beforeAll(async () => {
    const program = path.join(ROOT, 'tests/escape/program.ts');
    const node = [process.execPath, '--import', import.meta.resolve('tsx'), program];
    const { code, stdout, stderr } = await runProgram('unshare', [...ISOLATE, ...node], {
      cwd: ROOT,
      timeout: RUN_MS,
    });
    if (code !== 0) throw new Error(stderr);
    ({ outcomes, reached } = JSON.parse(stdout) as { outcomes: CaseOutcome[]; reached: string[] });
    process.stdout.write(`${tableOf(outcomes)}\n`);
  }, RUN_MS + 10_000);

  test('every attack gets what it wants outside of the sandbox', () => {
    expect(outcomes.length).toBeGreaterThan(200);
    expect(outcomes.filter(({ outside }) => outside !== 'did it')).toEqual([]);
  });

  test('and is refused inside', () => {
    const wasRefused = ({ inside }: CaseOutcome) =>
      inside !== 'did it' && inside !== 'said nothing';
    expect(outcomes.filter((outcome) => !wasRefused(outcome))).toEqual([]);
  });

  test('the internet is reached where the network is on, and only there', () => {
    expect(reached.map((line) => line.includes('reached'))).toEqual([true, false, true, false]);
  });

  test('a host name that was there before is there still', () => {
    expect(execFileSync('hostname').toString().trim()).not.toBe('task');
  });
});

function tableOf(rows: CaseOutcome[]): string {
  return rows
    .map(({ user, network, name, outside, inside }) =>
      [user.padEnd(14), network.padEnd(7), name.padEnd(36), outside.padEnd(8), inside].join(' '),
    )
    .join('\n');
}
