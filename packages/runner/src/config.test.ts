import { expect, test } from 'vitest';
import { readConfig } from './config.ts';

const REQUIRED = ['--server', 'http://localhost:1', '--token-file', 't', '--work-dir', '/w'];

test('all that is not given has a default', () => {
  const config = readConfig(REQUIRED, true);
  expect(config).toMatchObject({ sandbox: 'auto', overcommit: true, uidBase: 64000, python: null });
  expect(config.cpus).toBeGreaterThan(0);
});

test('an ordinary user has no uids to give', () => {
  expect(readConfig(REQUIRED, false).uidBase).toBeNull();
});

test('overcommit can be switched off', () => {
  expect(readConfig([...REQUIRED, '--no-overcommit'], false).overcommit).toBe(false);
});

test.each([
  [[], '--server is missing'],
  [['--server', 'nonsense'], '--server must be a URL, not "nonsense"'],
  [['--server', 'ftp://x'], '--server must begin with http:// or https://, not "ftp:"'],
  [[...REQUIRED, '--cpus', '0'], '--cpus must be a number above 0, not "0"'],
  [
    [...REQUIRED, '--task-processes', '1.5'],
    '--task-processes must be a whole number from 1 to 4194304, not "1.5"',
  ],
  [
    [...REQUIRED, '--sandbox', 'jail'],
    '--sandbox must be one of auto, namespace, process, null, not "jail"',
  ],
])('%j is refused with its reason', (argv, message) => {
  expect(() => readConfig(argv, false)).toThrow(message);
});
