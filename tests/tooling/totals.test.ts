/** CI trusts the closing line of `npm test`: nothing that went wrong may be missing from its count. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { root } from '../../scripts/lib/run.js';
import { formatTotals, readTotals } from '../../scripts/lib/totals.js';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'bytenite-totals-'));
});
afterAll(() => rm(folder, { recursive: true }));

const FILE = { name: path.join(root, 'tests/a.test.ts'), message: '' };
const TEST = { fullName: 'a test', failureMessages: [] };
const PASSED = { ...FILE, status: 'passed', assertionResults: [{ ...TEST, status: 'passed' }] };
const FAILED = { ...FILE, status: 'failed', assertionResults: [{ ...TEST, status: 'failed' }] };

async function read(exitCode: number, numFailedTests: number, testResults: unknown[]) {
  const file = path.join(folder, 'report.json');
  const counts = { numPassedTests: 5, numFailedTests, numPendingTests: 1, numTodoTests: 1 };
  await writeFile(file, JSON.stringify({ ...counts, testResults }));
  return readTotals(file, exitCode);
}

async function total(...args: Parameters<typeof read>) {
  return formatTotals(await read(...args));
}

describe('the closing line of npm test', () => {
  it('counts tests', async () => {
    expect(await total(1, 2, [PASSED, FAILED])).toBe('5 passed, 2 failed, 2 skipped');
    expect(formatTotals({ passed: 5, failed: 0, skipped: 0, failures: [] })).toBe(
      '5 passed, 0 failed',
    );
  });

  it('counts a file that does not load, or whose hook throws, as failed', async () => {
    const empty = { ...FILE, status: 'failed', assertionResults: [] };
    const hook = { ...FILE, status: 'failed', assertionResults: [{ ...TEST, status: 'skipped' }] };
    expect(await total(1, 1, [FAILED, empty, hook])).toBe('5 passed, 3 failed, 2 skipped');
  });

  it('counts an error outside of tests as failed', async () => {
    expect(await total(1, 0, [PASSED])).toBe('5 passed, 1 failed, 2 skipped');
  });

  it('counts a run that left no report as failed', async () => {
    const totals = await readTotals(path.join(folder, 'none.json'), 0);
    expect(formatTotals(totals)).toBe('0 passed, 1 failed');
    expect(totals.failures).toEqual(['vitest ended without a report']);
  });
});

describe('what npm test says again at its end', () => {
  it('names each failed test with the first lines of its failure, without colours', async () => {
    const failureMessages = [`\u001B[31mError: one\u001B[39m\n${'at a.ts\n'.repeat(100)}`];
    const failed = { ...TEST, status: 'failed', failureMessages };
    const { failures } = await read(1, 1, [PASSED, { ...FAILED, assertionResults: [failed] }]);
    expect(failures).toHaveLength(1);
    expect(failures[0]?.split('\n').slice(0, 3)).toEqual([
      'tests/a.test.ts: a test',
      '  Error: one',
      '  at a.ts',
    ]);
    expect(failures[0]?.split('\n')).toHaveLength(7);
  });

  it('names a file that does not load, with the reason', async () => {
    const broken = { ...FILE, status: 'failed', message: 'no such module', assertionResults: [] };
    const { failures } = await read(1, 0, [broken]);
    expect(failures).toEqual(['tests/a.test.ts: no such module']);
  });
});
