/** How long `bytenite up` takes until it is ready, and what it needs while it has nothing to do. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { readOptions } from './support/options.ts';
import { memoryOf, processTree } from './support/processes.ts';
import { beginReport, printReport, progress, PYTHON } from './support/report.ts';
import { median } from './support/statistics.ts';

const CLI = path.resolve(import.meta.dirname, '../packages/cli/bin/bytenite.js');
const READY = 'is running at';
const READY_LIMIT_MS = 60_000;
/** Garbage of the start is gone by then. */
const IDLE_MS = 5000;
const AIM = { seconds: 1, memoryMiB: 150 };

const METHOD = [
  'From the start of the process `bytenite up` to its line that says it is running, which it prints once',
  'the server answers and the runner is registered; the first start makes the data directory, the later',
  `ones find it. Idle memory is the proportional set size of all processes ${IDLE_MS / 1000} s later.`,
];

interface Round {
  firstSeconds: number;
  laterSeconds: number;
  idleMiB: number;
  processes: { name: string; pssMiB: number }[];
}

async function main(): Promise<void> {
  const options = readOptions({ rounds: 10, tasks: 1 });
  const start = beginReport();
  const rounds: Round[] = [];
  for (let i = 0; i < options.rounds; i++) {
    const round = await measure();
    rounds.push(round);
    const { firstSeconds, laterSeconds, idleMiB } = round;
    const seconds = `${firstSeconds.toFixed(2)} s, then ${laterSeconds.toFixed(2)} s`;
    progress(`round ${i + 1}: ${seconds}, ${idleMiB.toFixed(0)} MiB`);
  }
  const middle = (field: 'firstSeconds' | 'laterSeconds' | 'idleMiB') =>
    median(rounds.map((round) => round[field]));
  const medians = {
    firstSeconds: middle('firstSeconds'),
    laterSeconds: middle('laterSeconds'),
    idleMiB: middle('idleMiB'),
    processes: processMedians(rounds),
  };
  printReport(
    start,
    {
      bench: 'startup',
      method: METHOD,
      settings: { idleMs: IDLE_MS },
      rounds,
      medians,
      ratios: {},
      aims: [
        {
          name: 'first start, seconds',
          aim: `below ${AIM.seconds}`,
          measured: medians.firstSeconds,
          isMet: medians.firstSeconds < AIM.seconds,
        },
        {
          name: 'later start, seconds',
          aim: `below ${AIM.seconds}`,
          measured: medians.laterSeconds,
          isMet: medians.laterSeconds < AIM.seconds,
        },
        {
          name: 'idle memory, MiB',
          aim: `below ${AIM.memoryMiB}`,
          measured: medians.idleMiB,
          isMet: medians.idleMiB < AIM.memoryMiB,
        },
      ],
    },
    { head: ['process', 'idle PSS, MiB'], rows: Object.entries(medians.processes) },
    options.asJson,
  );
}

/** By the place in the tree of processes, which is the same in every round. */
function processMedians(rounds: readonly Round[]): Record<string, number> {
  const names = rounds[0]?.processes.map(({ name }) => name) ?? [];
  return Object.fromEntries(
    names.map((name, i) => [
      name,
      median(rounds.map((round) => round.processes[i]?.pssMiB ?? Number.NaN)),
    ]),
  );
}

async function measure(): Promise<Round> {
  const dataDir = await mkdtemp(path.join(os.tmpdir(), 'bytenite-bench-'));
  try {
    const first = await startUp(dataDir);
    await stop(first.child);
    const later = await startUp(dataDir);
    try {
      await sleep(IDLE_MS);
      const pids = processTree(later.child.pid ?? 0);
      const processes = memoryOf(pids).map(({ command, pssMiB }) => ({
        name: nameOf(command),
        pssMiB,
      }));
      return {
        firstSeconds: first.seconds,
        laterSeconds: later.seconds,
        idleMiB: processes.reduce((sum, { pssMiB }) => sum + pssMiB, 0),
        processes,
      };
    } finally {
      await stop(later.child);
    }
  } finally {
    await rm(dataDir, { recursive: true, force: true });
  }
}

async function startUp(dataDir: string): Promise<{ child: ChildProcess; seconds: number }> {
  const startedAt = performance.now();
  const args = [CLI, 'up', '--port', '0', '--data-dir', dataDir, '--python', PYTHON];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const seconds = await new Promise<number>((resolve, reject) => {
    const timer = setTimeout(() => {
      child.kill();
      reject(new Error('`bytenite up` was not ready in time'));
    }, READY_LIMIT_MS);
    let output = '';
    child.stdout.on('data', (text: Buffer) => {
      output += text.toString();
      if (!output.includes(READY)) return;
      clearTimeout(timer);
      resolve((performance.now() - startedAt) / 1000);
    });
    child.once('exit', (code) => reject(new Error(`\`bytenite up\` ended with ${code}`)));
  });
  return { child, seconds };
}

async function stop(child: ChildProcess): Promise<void> {
  const exited = once(child, 'exit');
  child.kill('SIGTERM');
  await exited;
}

function nameOf(command: string): string {
  if (command.includes('/cli/')) return 'supervisor';
  if (command.includes('/server/')) return 'server';
  return command.includes('/launcher/') ? 'launcher' : 'runner';
}

await main();
