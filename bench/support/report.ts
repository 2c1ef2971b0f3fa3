/** What every bench prints: a table for people, or JSON with everything that was measured. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import os from 'node:os';
import { rounded } from './statistics.ts';

export interface Aim {
  name: string;
  aim: string;
  measured: number;
  isMet: boolean;
}

export interface Figures {
  bench: string;
  /** What was measured, and how, in sentences. */
  method: string[];
  settings: Record<string, unknown>;
  /** Raw figures, one entry a round. */
  rounds: unknown[];
  medians: Record<string, unknown>;
  /** Above 1 means that we are faster. */
  ratios: Record<string, number>;
  aims: Aim[];
}

export interface Table {
  head: string[];
  rows: (string | number)[][];
}

export interface Start {
  date: string;
  loadBefore: number[];
}

/** To be called before anything is measured. */
export function beginReport(): Start {
  return { date: new Date().toISOString(), loadBefore: os.loadavg() };
}

export function printReport(start: Start, figures: Figures, table: Table, asJson: boolean): void {
  if (asJson) {
    const load = { before: start.loadBefore, after: os.loadavg() };
    const { bench, ...rest } = figures;
    const report = { bench, date: start.date, machine: machine(), versions: versions(), load };
    console.log(JSON.stringify(rounded({ ...report, ...rest }), undefined, 2));
    return;
  }
  console.log(`${figures.bench}: ${figures.method.join(' ')}\n`);
  console.log(`${formatTable(table)}\n`);
  for (const { name, aim, measured, isMet } of figures.aims) {
    console.log(`${isMet ? '✓' : '✗'} ${name}: ${format(measured)} (aim: ${aim})`);
  }
  const load = start.loadBefore.map((value) => value.toFixed(1)).join(' ');
  const { cpu, cores, nodeStartMs: startMs } = machine();
  console.log(
    `\n${cpu}, ${cores} cores, load ${load}, Node ${process.version}, ` +
      `which starts in ${Math.round(startMs)} ms here`,
  );
}

/** Says what happens meanwhile, to people only. */
export function progress(text: string): void {
  process.stderr.write(`${text}\n`);
}

function machine() {
  const memoryMiB = Math.round(os.totalmem() / 2 ** 20);
  return {
    cpu: os.cpus()[0]?.model ?? 'unknown',
    cores: os.availableParallelism(),
    memoryMiB,
    kernel: os.release(),
    system: systemName(),
    root: process.getuid?.() === 0,
    /** Niceness of this script and of all that it starts. */
    nice: os.getPriority(),
    /** How fast it is at the moment: ms to start and end an empty Node program, the best of five. */
    nodeStartMs: nodeStartMs(),
  };
}

function nodeStartMs(): number {
  const times = Array.from({ length: 5 }, () => {
    const startedAt = performance.now();
    execFileSync(process.execPath, ['-e', '0']);
    return performance.now() - startedAt;
  });
  return Math.min(...times);
}

function systemName(): string {
  try {
    return /^PRETTY_NAME="?([^"\n]+)/m.exec(readFileSync('/etc/os-release', 'utf8'))?.[1] ?? '';
  } catch {
    return os.type();
  }
}

function versions() {
  return {
    commit: firstLine('git', ['describe', '--always', '--dirty']),
    node: process.version,
    python: firstLine(PYTHON, ['--version']),
    parallel: firstLine('parallel', ['--version']),
    xargs: firstLine('xargs', ['--version']),
    bubblewrap: firstLine('bwrap', ['--version']),
  };
}

/** The interpreter that all candidates run, with nothing in front of it. */
export const PYTHON = '/usr/bin/python3';

function firstLine(program: string, args: string[]): string {
  try {
    const output = execFileSync(program, args, { stdio: ['ignore', 'pipe', 'ignore'] });
    return output.toString().split('\n')[0] ?? '';
  } catch {
    return 'not found';
  }
}

function formatTable({ head, rows }: Table): string {
  const cells = [head, ...rows.map((row) => row.map((cell) => format(cell)))];
  const widths = head.map((_, i) => Math.max(...cells.map((row) => row[i]?.length ?? 0)));
  return cells
    .map((row) =>
      row
        .map((cell, i) => (i === 0 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0)))
        .join('  '),
    )
    .join('\n');
}

function format(cell: string | number): string {
  if (typeof cell === 'string') return cell;
  if (Number.isInteger(cell) || Math.abs(cell) >= 1000)
    return Math.round(cell).toLocaleString('en');
  return String(Number(cell.toPrecision(3)));
}
