/** A thousand one-line Python scripts: this platform in each tier, and what people use in its place, on the same cores. */
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { casesHere, type Case } from './support/fanout/cases.ts';
import type { Measured } from './support/fanout/measured.ts';
import { peersHere, preparePeers, runPeer } from './support/fanout/peers.ts';
import { figuresOf, type Field, type Round } from './support/fanout/report.ts';
import {
  measureFirstTask,
  runVariant,
  serveSources,
  STARTS,
  startVariant,
  TIERS,
  type Variant,
} from './support/fanout/variants.ts';
import { BENCH_OPTIONS, toBenchOptions, wholeNumber } from './support/options.ts';
import { beginReport, printReport, progress } from './support/report.ts';

const METHOD = [
  'One script on a chunk file each: `line` upper-cases one line, `numpy` imports numpy first. The platform: from',
  'POST /jobs to JOB_STATE_COMPLETE, so with the download of its source, the partitioner that makes the chunks, and',
  'the results in durable storage, ready for download; two at a time. GNU parallel -j2, xargs -P2, and bubblewrap by',
  'hand under xargs -P2 with every namespace and a filter of system calls: the same script on the same chunk files,',
  'which are there already, from the start of the command to its end. Candidates take turns. First task: from POST',
  "/jobs, which runs it, to the start of the process of a job's one task, after an earlier job; the median of some,",
  'and in the figures what of it had passed when the chunk was there, was given away and had come to the runner.',
  'CPU is utime + stime of /proc/<pid>/stat: own is server, runner, launcher and supervisors without the processes',
  'of the tasks; total has those too.',
];

interface Scene extends Field {
  /** Of the peers, by case. */
  dirs: ReadonlyMap<Case, string>;
  sources: string;
  jobs: number;
}

async function main(): Promise<void> {
  const options = readFanoutOptions();
  const start = beginReport();
  const cases = casesHere(options.cases, options);
  const peers = peersHere();
  const root = await mkdtemp(path.join(os.tmpdir(), 'bytenite-bench-'));
  await chmod(root, 0o711);
  const { server, url: sources } = await serveSources(cases);
  const variants: Variant[] = [];
  const rounds: Round[] = [];
  try {
    const dirs = new Map(cases.map((what) => [what, path.join(root, what.name)]));
    for (const [what, dir] of dirs) await preparePeers(dir, what);
    for (const tier of options.tiers) {
      for (const starts of options.starts) {
        const { profileDir } = variants.length === 0 ? options : { profileDir: null };
        variants.push(await startVariant(tier, starts, cases, profileDir));
      }
    }
    const scene = { cases, variants, peers, dirs, sources, jobs: options.jobs };
    for (let i = 0; i < options.rounds; i++) rounds.push(await measureAll(scene, i));
  } finally {
    for (const { platform } of variants) await platform.close();
    server.close();
    await rm(root, { recursive: true, force: true });
  }
  const { tasks, numpyTasks, jobs } = options;
  const about = { method: METHOD, settings: { tasks, numpyTasks, jobs } };
  const { figures, table } = figuresOf({ cases, variants, peers }, rounds, about);
  printReport(start, figures, table, options.asJson);
}

function readFanoutOptions() {
  const { values } = parseArgs({
    options: {
      ...BENCH_OPTIONS,
      tier: { type: 'string', default: TIERS.join(',') },
      starts: { type: 'string', default: STARTS.join(',') },
      case: { type: 'string', default: 'line,numpy' },
      'numpy-tasks': { type: 'string', default: '200' },
      jobs: { type: 'string', default: '10' },
    },
  });
  return {
    ...toBenchOptions(values, { rounds: 5, tasks: 1000 }),
    tiers: chosen(values.tier, TIERS, 'tier'),
    starts: chosen(values.starts, STARTS, 'starts'),
    cases: values.case.split(','),
    numpyTasks: wholeNumber(values['numpy-tasks'], 'numpy-tasks'),
    jobs: wholeNumber(values.jobs, 'jobs'),
  };
}

function chosen<T extends string>(text: string, known: readonly T[], flag: string): T[] {
  return text.split(',').map((word) => {
    const found = known.find((name) => name === word);
    if (found !== undefined) return found;
    throw new Error(`--${flag} takes a list of ${known.join(', ')}, not "${word}"`);
  });
}

async function measureAll(scene: Scene, round: number): Promise<Round> {
  const result: Round = {};
  for (const what of scene.cases) result[what.name] = await measureCase(scene, what, round);
  return result;
}

/** Each round begins with another candidate. */
async function measureCase(
  { variants, peers, dirs, sources, jobs }: Scene,
  what: Case,
  round: number,
): Promise<Record<string, Measured>> {
  const candidates: [name: string, run: () => Promise<Measured>][] = [
    ...variants.map((variant): [string, () => Promise<Measured>] => [
      variant.name,
      async () => ({
        ...(await runVariant(variant, what, sources)),
        ...(await measureFirstTask(variant, what, jobs)),
      }),
    ]),
    ...peers.map((peer): [string, () => Promise<Measured>] => [
      peer.name,
      () => runPeer(dirs.get(what) ?? '', peer, what),
    ]),
  ];
  const result: Record<string, Measured> = {};
  for (let i = 0; i < candidates.length; i++) {
    const [name, run] = candidates[(round + i) % candidates.length] as (typeof candidates)[number];
    result[name] = await run();
    const { tasksPerSecond, firstTaskMs: firstMs } = result[name];
    const first = firstMs === undefined ? '' : `, first task after ${firstMs.toFixed(0)} ms`;
    progress(
      `round ${round + 1}: ${what.name}, ${name}: ${tasksPerSecond.toFixed(0)} tasks/s${first}`,
    );
  }
  return result;
}

await main();
