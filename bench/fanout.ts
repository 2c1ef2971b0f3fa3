/** A thousand one-line Python scripts: this platform, GNU parallel and xargs on the same cores. */
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { pushComponent } from '../tests/support/components.ts';
import { readOptions } from './support/options.ts';
import {
  cpuPerTask,
  fetchResults,
  platformCpu,
  runJob,
  startMeasured,
  type Platform,
} from './support/platform.ts';
import { cpuTimes } from './support/processes.ts';
import { beginReport, printReport, progress, PYTHON, type Start } from './support/report.ts';
import { median, medians } from './support/statistics.ts';

const METHOD = [
  'One script that upper-cases one line, on a chunk file each. The platform: from POST /jobs to',
  'JOB_STATE_COMPLETE, so with the download of its source, the partitioner that makes the chunks, and the',
  'results in durable storage, ready for download; two at a time, tier process unless told. GNU parallel -j2 and',
  'xargs -P2: the same script on the same chunk files, which are there already, from the start of the',
  'command to its end. Candidates take turns. CPU is utime + stime of /proc/<pid>/stat: own is server,',
  'runner, launcher and supervisors without the processes of the tasks; total has those too.',
];

/** Candidates give it two paths, the platform its two directories. */
const SCRIPT = `import os, sys
source, target = sys.argv[1:] or (os.environ["TASK_DIR"] + "/data.bin", os.environ["TASK_RESULTS_DIR"] + "/upper.txt")
open(target, "w").write(open(source).read().upper())
`;

const PARTITIONER = `import os
source, target = os.environ["SOURCE_DIR"], os.environ["CHUNKS_DIR"]
for i, line in enumerate(open("%s/%s" % (source, os.listdir(source)[0]))):
    with open("%s/data_%d.bin" % (target, i), "w") as chunk:
        chunk.write(line)
`;

interface Measured {
  tasksPerSecond: number;
  /** Of the platform alone, and its parts. */
  ownCpuMsPerTask?: number;
  serverCpuMsPerTask?: number;
  runnerCpuMsPerTask?: number;
  launcherCpuMsPerTask?: number;
  totalCpuMsPerTask: number;
}

interface Scene {
  dir: string;
  lines: string[];
  platform: Platform;
  /** The same, in the namespace tier. */
  isolated: Platform;
  sourceUrl: string;
}

type Candidate = (scene: Scene) => Promise<Measured>;

const CANDIDATES: [name: string, run: Candidate][] = [
  ['bytenite', runPlatform],
  ['namespace tier', (scene) => runPlatform({ ...scene, platform: scene.isolated })],
  ['GNU parallel', (scene) => runPeer(scene, 'parallel --will-cite -j2')],
  ['xargs', (scene) => runPeer(scene, 'xargs -P2 -I{}')],
];

async function main(): Promise<void> {
  const options = readOptions({ rounds: 5, tasks: 1000 });
  const start = beginReport();
  const lines = Array.from(
    { length: options.tasks },
    (_, i) => `this is line ${i} of the source\n`,
  );
  const dir = await mkdtemp(path.join(os.tmpdir(), 'bytenite-bench-'));
  const source = await serve(lines.join(''));
  const platform = await startMeasured({ sandbox: 'process', profileDir: options.profileDir });
  const isolated = await startMeasured({ sandbox: 'namespace', profileDir: null });
  const rounds: Record<string, Measured>[] = [];
  try {
    const { port } = source.address() as AddressInfo;
    const sourceUrl = `http://127.0.0.1:${port}/lines.txt`;
    const scene = { dir, lines, platform, isolated, sourceUrl };
    await prepare(scene);
    for (let i = 0; i < options.rounds; i++) rounds.push(await measureAll(scene, i));
  } finally {
    await platform.close();
    await isolated.close();
    source.close();
    await rm(dir, { recursive: true, force: true });
  }
  report(start, options.tasks, rounds, options.asJson);
}

async function serve(text: string): Promise<Server> {
  const server = createServer((_request, response) => response.end(text));
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  return server;
}

async function prepare({ dir, lines, platform, isolated }: Scene): Promise<void> {
  await mkdir(path.join(dir, 'chunks'));
  await writeFile(path.join(dir, 'script.py'), SCRIPT);
  const names = lines.map((_, i) => `data_${i}.bin`);
  await writeFile(path.join(dir, 'names'), `${names.join('\n')}\n`);
  await Promise.all(
    names.map((name, i) => writeFile(path.join(dir, 'chunks', name), lines[i] ?? '')),
  );
  for (const each of [platform, isolated]) {
    await pushComponent(each, { name: 'lines', type: 'partitioner', main: PARTITIONER });
    await pushComponent(each, { name: 'upper', type: 'app', main: SCRIPT });
  }
}

/** Each round begins with another candidate. */
async function measureAll(scene: Scene, round: number): Promise<Record<string, Measured>> {
  const result: Record<string, Measured> = {};
  for (let i = 0; i < CANDIDATES.length; i++) {
    const [name, run] = CANDIDATES[(round + i) % CANDIDATES.length] as [string, Candidate];
    result[name] = await run(scene);
    progress(`round ${round + 1}: ${name} ${result[name].tasksPerSecond.toFixed(0)} tasks/s`);
  }
  return result;
}

async function runPlatform({ platform, lines, sourceUrl }: Scene): Promise<Measured> {
  const before = platformCpu(platform);
  const request = {
    app: 'upper',
    partitioner: 'lines',
    dataSource: { dataSourceDescriptor: 'url', params: { url: sourceUrl } },
    dataDestination: { dataSourceDescriptor: 'bucket' },
  };
  const { id, whole } = await runJob(platform, request, lines.length);
  const cpu = cpuPerTask(before, platformCpu(platform), lines.length);
  const { files } = await fetchResults(platform, id);
  lines.forEach((line, i) => check(files.get(`upper_${i}.txt`), line));
  const own = cpu.server + cpu.runner + cpu.launcher;
  return {
    tasksPerSecond: lines.length / whole,
    ownCpuMsPerTask: own,
    serverCpuMsPerTask: cpu.server,
    runnerCpuMsPerTask: cpu.runner,
    launcherCpuMsPerTask: cpu.launcher,
    totalCpuMsPerTask: own + cpu.tasks,
  };
}

/** The peer reads names from its standard input and starts the script for each. */
async function runPeer({ dir, lines }: Scene, peer: string): Promise<Measured> {
  const results = path.join(dir, 'results');
  await rm(results, { recursive: true, force: true });
  await mkdir(results);
  const command = `${peer} ${PYTHON} script.py chunks/{} results/{} < names`;
  const before = cpuTimes('self').children;
  const startedAt = performance.now();
  await promisify(execFile)('/bin/sh', ['-c', command], { cwd: dir });
  const seconds = (performance.now() - startedAt) / 1000;
  const total = ((cpuTimes('self').children - before) * 1000) / lines.length;
  for (const [i, line] of lines.entries()) {
    check(await readFile(path.join(results, `data_${i}.bin`), 'utf8'), line);
  }
  return { tasksPerSecond: lines.length / seconds, totalCpuMsPerTask: total };
}

function check(result: string | undefined, line: string): void {
  if (result === line.toUpperCase()) return;
  throw new Error(`the result of ${JSON.stringify(line)} is ${JSON.stringify(result)}`);
}

function report(
  start: Start,
  tasks: number,
  rounds: Record<string, Measured>[],
  asJson: boolean,
): void {
  const middle = Object.fromEntries(
    CANDIDATES.map(([name]) => [
      name,
      medians(rounds.map((round) => ({ ...round[name] }) as Record<keyof Measured, number>)),
    ]),
  ) as Record<string, Measured>;
  const speed = (name: string) => middle[name]?.tasksPerSecond ?? Number.NaN;
  const ratios = Object.fromEntries(
    CANDIDATES.slice(1).map(([name]) => [
      name,
      median(rounds.map((round) => ratioOf(round, name))),
    ]),
  );
  const figures = {
    bench: 'fanout',
    method: METHOD,
    settings: { tasks },
    rounds,
    medians: middle,
    ratios,
    aims: [],
  };
  const table = {
    head: ['median of rounds', 'tasks/s', 'bytenite is', 'own CPU, ms/task', 'total CPU, ms/task'],
    rows: CANDIDATES.map(([name]) => [
      name,
      speed(name),
      ratios[name] === undefined ? '' : `${ratios[name].toFixed(2)} x`,
      middle[name]?.ownCpuMsPerTask ?? '',
      middle[name]?.totalCpuMsPerTask ?? '',
    ]),
  };
  printReport(start, figures, table, asJson);
}

/** Within one round, in which the machine was as busy for all of them. */
function ratioOf(round: Record<string, Measured>, peer: string): number {
  return (round['bytenite']?.tasksPerSecond ?? 0) / (round[peer]?.tasksPerSecond ?? 0);
}

await main();
