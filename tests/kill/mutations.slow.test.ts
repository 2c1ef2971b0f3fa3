/** The kill test is worth its time only while it catches what it is for: three planted bugs, one by one. */
import { expect, test } from 'vitest';
import { buildMutant } from '../support/mutants.ts';
import { PromiseBroken, runKillTest } from './kill-test.ts';
import { MUTATIONS, type Mutation } from './mutations.ts';
import { chosenSeed, say } from './options.ts';

const MAX_ROUNDS = 5;

test.for(MUTATIONS)('catches $name: $what', { timeout: 900_000 }, async (mutation) => {
  const broken = await killUntilBroken(mutation);
  say(`${mutation.name}: caught in round ${broken.rounds}\n${broken.message}`);
  expect(broken.problems.join('\n')).toMatch(mutation.caughtBy);
});

async function killUntilBroken(mutation: Mutation): Promise<PromiseBroken> {
  const mutant = await buildMutant(mutation);
  try {
    const options = { seed: chosenSeed(), wantedHits: 3, maxRounds: MAX_ROUNDS };
    const report = await runKillTest({
      ...options,
      minRounds: MAX_ROUNDS,
      favourite: mutation.shownBy,
      serverProgram: mutant.program,
      keepsData: false,
    });
    throw new Error(`${mutation.name} survived ${report.kills.length} kills`);
  } catch (error) {
    if (error instanceof PromiseBroken) return error;
    throw error;
  } finally {
    await mutant.dispose();
  }
}
