/**
 * `npm run kill -- [--db sqlite|postgres] [--seed N] [--rounds N]`: the kill test with its choices told as they
 * are made. `npm test` has a run of it on SQLite.
 */
import { parseArgs } from 'node:util';
import { findPostgres, startPostgres } from '../../scripts/lib/postgres.js';
import { runKillTest, type KillReport } from './kill-test.ts';
import { chosenSeed, say, wholeNumber } from './options.ts';

const WANTED_HITS = 3;
const MAX_ROUNDS = 15;

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      db: { type: 'string', default: 'sqlite' },
      seed: { type: 'string' },
      rounds: { type: 'string' },
    },
  });
  const seed = values.seed === undefined ? chosenSeed() : wholeNumber(values.seed);
  const rounds = values.rounds === undefined ? null : wholeNumber(values.rounds);
  const report = await onDatabase(values.db, (databaseUrl) =>
    runKillTest({
      seed,
      wantedHits: WANTED_HITS,
      ...(rounds !== null && { minRounds: rounds }),
      maxRounds: rounds ?? MAX_ROUNDS,
      ...(databaseUrl !== undefined && { databaseUrl }),
      onProgress: say,
    }),
  );
  say(`seed ${seed} on ${values.db}: ${report.kills.length} kills in ${report.rounds} rounds`);
  say(`attempts that did not commit: ${JSON.stringify(report.attempts)}`);
  say(`${report.runAgain} jobs were run again, ${report.incomplete} did without a chunk`);
  say(report.coverage.toString());
}

async function onDatabase(
  name: string,
  act: (url?: string) => Promise<KillReport>,
): Promise<KillReport> {
  if (name === 'sqlite') return act();
  if (name !== 'postgres') throw new Error(`--db must be sqlite or postgres, not ${name}`);
  const bin = await findPostgres();
  if (bin === undefined) throw new Error('PostgreSQL is not installed (Debian: postgresql)');
  const postgres = await startPostgres(bin);
  try {
    return await act(postgres.url);
  } finally {
    await postgres.stop();
  }
}

await main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
});
