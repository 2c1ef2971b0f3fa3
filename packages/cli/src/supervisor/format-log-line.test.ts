import { expect, it } from 'vitest';
import { formatLogLine } from './format-log-line.ts';

const TIME = Date.parse('2026-02-03T09:08:07.123Z');
const line = (fields: object) =>
  JSON.stringify({ level: 30, time: TIME, name: 'server', ...fields });

it('a line of JSON is told in words, its fields behind it', () => {
  expect(formatLogLine(line({ pid: 7, hostname: 'h', msg: 'ready', port: 4280, host: 'a' }))).toBe(
    '09:08:07.123 info  server ready port=4280 host=a',
  );
});

it('an error shows where it came from', () => {
  const err = { message: 'no', stack: 'Error: no\n    at x' };
  expect(formatLogLine(line({ level: 50, msg: 'failed', err }))).toBe(
    '09:08:07.123 error server failed\n    Error: no\n        at x',
  );
});

it('nothing in it can steer the terminal', () => {
  const evil = '\u001b[2J\rgone\n';
  const shown = formatLogLine(
    line({ name: evil, msg: evil, [evil]: evil, err: { stack: `a\n${evil}` } }),
  );
  // oxlint-disable-next-line no-control-regex -- control characters are what is looked for
  expect(shown.replaceAll('\n    ', '')).not.toMatch(/[\u0000-\u001f]/);
});

it.each(['plain text', '{"level":', '[1]', '{"level":30,"time":"x"}', 'null'])(
  'what is no line of a log stays: %s',
  (text) => {
    expect(formatLogLine(text)).toBe(text);
  },
);
