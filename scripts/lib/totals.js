/** Counts tests from the report of vitest's JSON reporter. */
import { readFile } from 'node:fs/promises';

/** @typedef {{ passed: number, failed: number, skipped: number }} Totals */

/**
 * @typedef {object} Report The part of the report that is read here.
 * @property {number} numPassedTests
 * @property {number} numFailedTests
 * @property {number} numPendingTests
 * @property {number} numTodoTests
 * @property {{ status: string, assertionResults: { status: string }[] }[]} testResults
 */

/**
 * The totals of one run. A run that failed without a failed test (a file that does not load, a hook that
 * throws, an error outside of tests, a crash before the report) counts as failed too.
 *
 * @param {string} file
 * @param {number} exitCode vitest's
 * @returns {Promise<Totals>}
 */
export async function readTotals(file, exitCode) {
  const text = await readFile(file, 'utf8').catch(() => undefined);
  if (text === undefined) return { passed: 0, failed: 1, skipped: 0 };
  /** @type {Report} */
  const report = JSON.parse(text);
  const failed = report.numFailedTests + report.testResults.filter(brokeOutsideOfTests).length;
  return {
    passed: report.numPassedTests,
    failed: exitCode !== 0 && failed === 0 ? 1 : failed,
    skipped: report.numPendingTests + report.numTodoTests,
  };
}

/** @param {Report['testResults'][number]} result */
function brokeOutsideOfTests({ status, assertionResults }) {
  return status === 'failed' && !assertionResults.some((test) => test.status === 'failed');
}

/**
 * @param {Totals} a
 * @param {Totals} b
 * @returns {Totals}
 */
export function addTotals(a, b) {
  return {
    passed: a.passed + b.passed,
    failed: a.failed + b.failed,
    skipped: a.skipped + b.skipped,
  };
}

/** @param {Totals} totals */
export function formatTotals({ passed, failed, skipped }) {
  const line = `${passed} passed, ${failed} failed`;
  return skipped > 0 ? `${line}, ${skipped} skipped` : line;
}
