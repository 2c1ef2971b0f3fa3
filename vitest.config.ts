import path from 'node:path';
import { defineConfig } from 'vitest/config';

const MINUTE = 60_000;

/** A package's tests see the sources of the other packages, not their last build. */
const sources = {
  alias: [
    {
      find: /^@bytenite\/(contract|client|server|runner|cli)$/,
      replacement: path.resolve(import.meta.dirname, 'packages/$1/src/index.ts'),
    },
  ],
};

/** What moves jobs on is tested on PostgreSQL too. */
const onPostgres = {
  resolve: sources,
  test: {
    name: 'postgres',
    include: ['packages/server/src/{engine,scheduler,vault}/**/*.test.ts'],
    env: { BYTENITE_TEST_STORE: 'postgres' },
    testTimeout: MINUTE / 2,
    maxWorkers: '100%',
    sequence: { groupOrder: 0 },
  },
};

/**
 * Three projects. `unit` tests lie beside the code they test and run in parallel. `platform` tests start
 * real processes, so no more than two files run at a time, after the unit tests; a file named `*.slow.test.ts`
 * is left out where only a quick look is asked for (`npm test -- --quick`).
 */
export default defineConfig({
  test: {
    projects: [
      {
        resolve: sources,
        test: {
          name: 'unit',
          include: ['packages/*/src/**/*.test.ts'],
          // Generous, because a loaded machine must fail no test; each waits on conditions.
          testTimeout: MINUTE / 2,
          // They wait for disks and databases more than they compute.
          maxWorkers: '100%',
          sequence: { groupOrder: 0 },
        },
      },
      ...(process.env['BYTENITE_TEST_POSTGRES'] === undefined ? [] : [onPostgres]),
      {
        test: {
          name: 'platform',
          include: ['tests/**/*.test.ts'],
          maxWorkers: 2,
          sequence: { groupOrder: 1 },
          testTimeout: 2 * MINUTE,
          hookTimeout: MINUTE,
        },
      },
    ],
  },
});
