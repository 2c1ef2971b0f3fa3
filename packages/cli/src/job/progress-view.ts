import type { Job } from '@bytenite/contract';
import { printable } from '../terminal/escape.ts';
import { formatSeconds } from '../terminal/format.ts';
import { paintError } from '../terminal/style.ts';
import { truncate } from '../terminal/table.ts';
import { phaseWords, progressWords, RateMeter, tally } from './progress.ts';
import { jobState } from './state-words.ts';

/**
 * Shows a job's progress on stderr, so that stdout has only results: on a terminal one line that lives,
 * elsewhere a line per change, of counts at most one a second.
 */
export interface ProgressView {
  update: (job: Job) => void;
  /** Clears the live line. */
  close: () => void;
}

export function showProgress(): ProgressView {
  return process.stderr.isTTY ? showLive() : showChanges();
}

const FRAME_MS = 120;
const FRAMES = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'];
const CLEAR_LINE = '\r\u001b[2K';

function showLive(): ProgressView {
  const meter = new RateMeter();
  let job: Job | undefined;
  let frame = 0;
  const draw = () => {
    if (job === undefined) return;
    frame = (frame + 1) % FRAMES.length;
    process.stderr.write(CLEAR_LINE + liveLine(job, meter.rate(), FRAMES[frame] ?? ''));
  };
  const timer = setInterval(draw, FRAME_MS);
  return {
    update(next) {
      job = next;
      meter.add(performance.now(), tally(next).done);
      draw();
    },
    close() {
      clearInterval(timer);
      if (job !== undefined) process.stderr.write(CLEAR_LINE);
    },
  };
}

function liveLine(job: Job, rate: number | undefined, spinner: string): string {
  const width = (process.stderr.columns || 80) - 1;
  // Wrapped, the line could not be cleared any more.
  return paintMarks(truncate(printable(phaseWords(job, rate, spinner, width)), width));
}

/** Painted after it was cut to the terminal's width, which counts no colours. */
function paintMarks(line: string): string {
  return line.replaceAll('✓', paintError('green', '✓')).replaceAll('✗', paintError('red', '✗'));
}

const LINE_EVERY_MS = 1000;

function showChanges(): ProgressView {
  const meter = new RateMeter();
  const start = performance.now();
  let last = { text: '', state: '', at: -Infinity };
  return {
    update(job) {
      const now = performance.now();
      meter.add(now, tally(job).done);
      const text = progressWords(job, undefined);
      const state = jobState(job);
      const isDue = state !== last.state || now - last.at >= LINE_EVERY_MS;
      if (text === last.text || !isDue) return;
      last = { text, state, at: now };
      const clock = `[${formatSeconds((now - start) / 1000)}]`.padStart(9);
      process.stderr.write(`${clock} ${printable(progressWords(job, meter.rate()))}\n`);
    },
    close: () => undefined,
  };
}
