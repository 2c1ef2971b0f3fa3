/**
 * The platform survives SIGKILL of its server and of its runner in every state and phase.
 *
 * `BYTENITE_KILL_SEED` repeats the choices of a run; what comes between them is the machine's, so a
 * failure may need several runs to come back. `BYTENITE_KILL_ROUNDS` asks for a longer run:
 *
 *     BYTENITE_KILL_ROUNDS=50 npx vitest run --project platform tests/kill/kill.slow.test.ts
 */
import { expect, test } from 'vitest';
import { CELLS, VICTIMS } from './coverage.ts';
import { runKillTest } from './kill-test.ts';
import { chosenRounds, chosenSeed, say } from './options.ts';

const WANTED_HITS = 3;
/** Most runs need five; the first ones that do not hit all may go on. */
const MAX_ROUNDS = 15;

test('every state and phase survives its server and its runner', async () => {
  const seed = chosenSeed();
  const rounds = chosenRounds();
  const report = await runKillTest({
    seed,
    wantedHits: WANTED_HITS,
    ...(rounds !== null && { minRounds: rounds }),
    maxRounds: rounds ?? MAX_ROUNDS,
    ...(rounds !== null && { onProgress: say }),
  });
  say(`seed ${seed}: ${report.kills.length} kills in ${report.rounds} rounds`);
  say(`attempts that did not commit: ${JSON.stringify(report.attempts)}`);
  say(`${report.runAgain} jobs were run again, ${report.incomplete} did without a chunk`);
  say(report.coverage.toString());
  const hits = CELLS.flatMap((cell) =>
    VICTIMS.map((victim) => `${victim} in ${cell}: ${report.coverage.count(victim, cell)}`),
  );
  const tooFew = hits.filter((line) => Number(/\d+$/.exec(line)?.[0]) < WANTED_HITS);
  expect(tooFew).toEqual([]);
  expect(Math.min(report.runAgain, report.incomplete), 'no job was run again').toBeGreaterThan(0);
  expect(report.attempts['WORKER_LOST'], 'kills that cost no attempt hit nothing').toBeGreaterThan(
    0,
  );
}, 3_600_000);
