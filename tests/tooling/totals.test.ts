/** CI trusts the closing line of `npm test`: nothing that went wrong may be missing from its count. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { formatTotals, readTotals } from '../../scripts/lib/totals.js';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'bytenite-totals-'));
});
afterAll(() => rm(folder, { recursive: true }));

const PASSED = { status: 'passed', assertionResults: [{ status: 'passed' }] };
const FAILED = { status: 'failed', assertionResults: [{ status: 'failed' }] };

async function total(exitCode: number, numFailedTests: number, testResults: unknown[]) {
  const file = path.join(folder, 'report.json');
  const counts = { numPassedTests: 5, numFailedTests, numPendingTests: 1, numTodoTests: 1 };
  await writeFile(file, JSON.stringify({ ...counts, testResults }));
  return formatTotals(await readTotals(file, exitCode));
}

describe('the closing line of npm test', () => {
  it('counts tests', async () => {
    expect(await total(1, 2, [PASSED, FAILED])).toBe('5 passed, 2 failed, 2 skipped');
    expect(formatTotals({ passed: 5, failed: 0, skipped: 0 })).toBe('5 passed, 0 failed');
  });

  it('counts a file that does not load, or whose hook throws, as failed', async () => {
    const empty = { status: 'failed', assertionResults: [] };
    const hook = { status: 'failed', assertionResults: [{ status: 'skipped' }] };
    expect(await total(1, 1, [FAILED, empty, hook])).toBe('5 passed, 3 failed, 2 skipped');
  });

  it('counts an error outside of tests as failed', async () => {
    expect(await total(1, 0, [PASSED])).toBe('5 passed, 1 failed, 2 skipped');
  });

  it('counts a run that left no report as failed', async () => {
    const totals = await readTotals(path.join(folder, 'none.json'), 0);
    expect(formatTotals(totals)).toBe('0 passed, 1 failed');
  });
});
