import type { JobConfigInput } from '@bytenite/contract';
import { expect, it } from 'vitest';
import { checkConfig } from './job-config.ts';

it.each([
  {},
  { taskTimeout: 600, maxTaskRetries: 0, allowEmpty: true },
  { toleratedFailures: '', speculation: true, retryOn: [], failOn: [], priority: 'UNDEFINED' },
  { priority: 'FAST' },
  { toleratedFailures: 0 },
  { toleratedFailures: 3 },
  { retryOn: [1, '2', 'TIMEOUT'], failOn: [255, 'OUT_OF_MEMORY', 'WORKER_LOST'] },
  { toleratedFailures: '2%' },
] as const satisfies JobConfigInput[])('accepts %j', (config) => {
  expect(() => checkConfig(config)).not.toThrow();
});

it.each([-1, 1.5, '101%', 'some'])(
  'refuses %j as toleratedFailures, and says what is meant',
  (text) => {
    expect(() => checkConfig({ toleratedFailures: text })).toThrow(
      /^config.toleratedFailures must be a number of chunks such as 3, or a percentage such as "2%"/,
    );
  },
);

it.each([0, 256, -1, 1.5, '', 'timeout', 'ABORTED', 'SUPERSEDED', 'QUARANTINED'])(
  'refuses %j as an outcome, and says what is meant',
  (entry) => {
    for (const name of ['retryOn', 'failOn']) {
      expect(() => checkConfig({ [name]: ['TIMEOUT', entry] })).toThrow(
        `config.${name} must hold exit codes from 1 to 255 and reasons (EXIT_NONZERO, TIMEOUT`,
      );
    }
  },
);
