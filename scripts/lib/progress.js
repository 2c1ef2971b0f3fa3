/** One line per step: with a running clock on a terminal, plain elsewhere. */
import { CommandError } from './run.js';

const CLOCK_MS = 100;

/**
 * Runs `work` and shows that it runs, how long it took, and what it printed if it failed.
 *
 * @template T
 * @param {string} label
 * @param {() => Promise<T>} work
 * @returns {Promise<T>}
 */
export async function step(label, work) {
  const seconds = stopwatch();
  const { isTTY } = process.stdout;
  const draw = () => process.stdout.write(`\r  ${label} … ${seconds()} s `);
  if (isTTY) draw();
  else process.stdout.write(`  ${label} … `);
  const clock = isTTY ? setInterval(draw, CLOCK_MS) : undefined;
  /** @param {string} mark */
  const end = (mark) => {
    clearInterval(clock);
    process.stdout.write(
      isTTY ? `\r${mark} ${label}  ${seconds()} s   \n` : `${mark} ${seconds()} s\n`,
    );
  };
  try {
    const result = await work();
    end('✓');
    return result;
  } catch (error) {
    end('✗');
    if (error instanceof CommandError) process.stderr.write(`${error.output.trimEnd()}\n`);
    throw error;
  }
}

/** Starts now; the function returned tells the seconds since, with one decimal. */
export function stopwatch() {
  const start = performance.now();
  return () => ((performance.now() - start) / 1000).toFixed(1);
}

/**
 * The end of a script that failed: one sentence on stderr (what was printed before says the rest), exit code 1.
 * A fault of ours keeps its stack.
 *
 * @param {unknown} error
 */
export function fail(error) {
  const expected = error instanceof CommandError || error instanceof UserError;
  process.stderr.write(`\n${expected ? error.message : formatFault(error)}\n`);
  process.exitCode = 1;
}

/** Something the user can put right; its message says how. */
export class UserError extends Error {}

/** @param {unknown} error */
function formatFault(error) {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
