/**
 * `npm run chaos -- [--seed N] [--seeds N] [--db postgres|sqlite] [--mutation NAME] [--story] [--json]`: runs seeds
 * and says of each whether a promise was broken. With a planted bug it ends with the first.
 */
import { parseArgs } from 'node:util';
import { wholeNumber } from '../kill/options.ts';
import { buildMutant } from '../support/mutants.ts';
import { MUTATIONS } from './mutations.ts';
import type { SeedReport } from './run-seed.ts';
import { isBroken, runSeeds, type SeedsOptions } from './run-seeds.ts';

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      seed: { type: 'string', default: String(Math.floor(Math.random() * 1e6)) },
      seeds: { type: 'string', default: '1' },
      db: { type: 'string', default: 'postgres' },
      mutation: { type: 'string' },
      story: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
    },
  });
  if (values.db !== 'sqlite' && values.db !== 'postgres') {
    throw new Error(`--db must be sqlite or postgres, not ${values.db}`);
  }
  const options: SeedsOptions = {
    first: wholeNumber(values.seed),
    count: wholeNumber(values.seeds),
    db: values.db,
    onSeed: (report) => process.stderr.write(`${describe(report)}\n`),
    ...(values.story && { onStory: (line: string) => process.stderr.write(`${line}\n`) }),
  };
  const reports = await (values.mutation === undefined
    ? runSeeds(options)
    : runMutant(options, values.mutation));
  const broken = reports.filter((report) => isBroken(report)).length;
  if (values.json) process.stdout.write(`${JSON.stringify(reports)}\n`);
  else process.stdout.write(`${reports.length} seeds, ${broken} of them broke a promise\n`);
  if (broken > 0) process.exitCode = 1;
}

async function runMutant(options: SeedsOptions, name: string): Promise<SeedReport[]> {
  const mutation = MUTATIONS.find((one) => one.name === name);
  if (mutation === undefined) {
    throw new Error(`--mutation must be one of ${MUTATIONS.map((one) => one.name).join(', ')}`);
  }
  const mutant = await buildMutant(mutation);
  try {
    return await runSeeds({ ...options, serverProgram: mutant.program, untilBroken: true });
  } finally {
    await mutant.dispose();
  }
}

function describe({ seed, faults, jobs, ms, healedMs, problems, evidence }: SeedReport): string {
  const what = `seed ${seed}: ${jobs} jobs in ${ms} ms, healed in ${healedMs} ms; ${faults.join(', ')}`;
  if (problems.length === 0) return what;
  return [`${what}: BROKEN`, ...problems.map((one) => `- ${one}`), `evidence in ${evidence}`].join(
    '\n',
  );
}

await main().catch((error: unknown) => {
  process.stderr.write(
    `${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`,
  );
  process.exitCode = 1;
});
