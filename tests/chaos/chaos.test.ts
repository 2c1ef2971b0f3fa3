/**
 * A few seeds of the chaos suite, always the same ones; `npm run chaos` runs as many as are asked for. Each planted bug
 * is found there within twenty seeds (`--mutation NAME`); here it is only planted, so that its place is still there.
 */
import { expect, test } from 'vitest';
import { checkPlaces } from '../support/mutants.ts';
import { MUTATIONS } from './mutations.ts';
import { FAULT_KINDS, makePlan } from './plan.ts';
import { createRandom } from '../kill/random.ts';
import { runSeeds } from './run-seeds.ts';

const BIN = process.env['BYTENITE_TEST_POSTGRES_BIN'];
const FIRST = 0;
const COUNT = 1;

test.skipIf(BIN === undefined)(
  `seeds from ${FIRST} on break no promise`,
  { timeout: 300_000 },
  async () => {
    const reports = await runSeeds({ first: FIRST, count: COUNT, db: 'postgres' });
    expect(reports.flatMap(({ problems }) => problems)).toEqual([]);
    expect(reports).toHaveLength(COUNT);
  },
);

test('as many seeds as there are kinds of faults have them all', () => {
  const abilities = { servers: 2, runners: 3, database: true, disks: true, clock: true };
  const plans = FAULT_KINDS.map((_, seed) => makePlan(seed, createRandom(seed), abilities));
  const kinds = new Set(plans.flat().map(({ kind }) => kind));
  expect([...kinds].toSorted()).toEqual([...FAULT_KINDS].toSorted());
});

test.for(MUTATIONS)('the bug $name can still be planted', async (mutation) => {
  await expect(checkPlaces(mutation)).resolves.toBeUndefined();
});
