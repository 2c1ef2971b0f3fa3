/** Counts tests from the report of vitest's JSON reporter, and says again briefly what failed. */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { root } from './run.js';

/**
 * @typedef {object} Totals
 * @property {number} passed
 * @property {number} failed
 * @property {number} skipped
 * @property {string[]} failures what failed and why, each in a few lines
 */

/** A failure is told whole where it happens; at the end, its first lines and characters are enough. */
const BRIEF_LINES = 6;
const BRIEF_CHARACTERS = 600;

/**
 * @typedef {object} Report The part of the report that is read here.
 * @property {number} numPassedTests
 * @property {number} numFailedTests
 * @property {number} numPendingTests
 * @property {number} numTodoTests
 * @property {FileResult[]} testResults
 */

/**
 * @typedef {object} FileResult
 * @property {string} name the file's path
 * @property {string} status
 * @property {string} message of an error outside of tests
 * @property {{ status: string, fullName: string, failureMessages: string[] }[]} assertionResults
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
  if (text === undefined) return noReport('vitest ended without a report');
  /** @type {Report} */
  const report = JSON.parse(text);
  const failed = report.numFailedTests + report.testResults.filter(brokeOutsideOfTests).length;
  return {
    passed: report.numPassedTests,
    failed: exitCode !== 0 && failed === 0 ? 1 : failed,
    skipped: report.numPendingTests + report.numTodoTests,
    failures: report.testResults.flatMap(failuresOf),
  };
}

/**
 * @param {string} why
 * @returns {Totals}
 */
export function noReport(why) {
  return { passed: 0, failed: 1, skipped: 0, failures: [why] };
}

/**
 * @param {FileResult} result
 * @returns {string[]}
 */
function failuresOf(result) {
  const file = path.relative(root, result.name);
  if (brokeOutsideOfTests(result)) return [`${file}: ${brief(result.message)}`];
  return result.assertionResults
    .filter((test) => test.status === 'failed')
    .map((test) => `${file}: ${test.fullName}\n  ${brief(test.failureMessages.join('\n'))}`);
}

/** @param {string} message */
function brief(message) {
  const lines = stripVTControlCharacters(message).split('\n').slice(0, BRIEF_LINES);
  return lines.join('\n  ').slice(0, BRIEF_CHARACTERS);
}

/** @param {FileResult} result */
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
    failures: [...a.failures, ...b.failures],
  };
}

/** @param {Totals} totals */
export function formatTotals({ passed, failed, skipped }) {
  const line = `${passed} passed, ${failed} failed`;
  return skipped > 0 ? `${line}, ${skipped} skipped` : line;
}
