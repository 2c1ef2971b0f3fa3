/** What is made of the rounds: medians, ratios within each round, and the aims. */
import type { Aim, Figures, Table } from '../report.ts';
import { median, medians } from '../statistics.ts';
import type { Case } from './cases.ts';
import type { Measured } from './measured.ts';
import type { Peer } from './peers.ts';
import type { Variant } from './variants.ts';

/** By case, then by candidate. */
export type Round = Record<string, Record<string, Measured>>;

export interface Field {
  cases: readonly Case[];
  variants: readonly Variant[];
  peers: readonly Peer[];
}

export function figuresOf(
  { cases, variants, peers }: Field,
  rounds: readonly Round[],
  about: Pick<Figures, 'method' | 'settings'>,
): { figures: Figures; table: Table } {
  const middle: Round = {};
  const ratios: Record<string, number> = {};
  const rows: Table['rows'] = [];
  const names = [...variants, ...peers].map(({ name }) => name);
  for (const { name: what } of cases) {
    const ofCase = rounds.map((round) => round[what] ?? {});
    middle[what] = Object.fromEntries(names.map((name) => [name, middleOf(ofCase, name)]));
    for (const { name } of variants) {
      for (const peer of peers) {
        ratios[`${what}: ${name} / ${peer.name}`] = median(
          ofCase.map((round) => ratioOf(round, name, peer.name)),
        );
      }
    }
    for (const name of names) rows.push(rowOf(what, name, middle[what][name], peers, ratios));
  }
  const head = [
    'median of rounds',
    'tasks/s',
    ...peers.map(({ name }) => `x ${name}`),
    'first task, ms',
    'own CPU, ms/task',
    'total CPU, ms/task',
  ];
  const aims = aimsOf(variants, middle, ratios);
  const figures = { bench: 'fanout', ...about, rounds: [...rounds], medians: middle, ratios, aims };
  return { figures, table: { head, rows } };
}

function middleOf(rounds: readonly Record<string, Measured>[], name: string): Measured {
  return medians(rounds.map((round) => ({ ...round[name] }) as Record<keyof Measured, number>));
}

/** Within one round, in which the machine was as busy for all of them. */
function ratioOf(round: Record<string, Measured>, name: string, peer: string): number {
  return (round[name]?.tasksPerSecond ?? 0) / (round[peer]?.tasksPerSecond ?? 0);
}

function rowOf(
  what: string,
  name: string,
  measured: Measured | undefined,
  peers: readonly Peer[],
  ratios: Record<string, number>,
): (string | number)[] {
  return [
    `${what}: ${name}`,
    measured?.tasksPerSecond ?? '',
    ...peers.map((peer) => ratios[`${what}: ${name} / ${peer.name}`] ?? ''),
    measured?.firstTaskMs ?? '',
    measured?.ownCpuMsPerTask ?? '',
    measured?.totalCpuMsPerTask ?? '',
  ];
}

const RATIO_AIMS = [
  { what: 'line', tier: 'namespace', peer: 'GNU parallel', least: 1.4 },
  { what: 'line', tier: 'namespace', peer: 'xargs', least: 1 },
  { what: 'line', tier: 'process', peer: 'GNU parallel', least: 3 },
  { what: 'numpy', tier: 'namespace', peer: 'GNU parallel', least: 5 },
];
const FIRST_TASK_MS = 15;

/** All of them are those of warm starts. */
function aimsOf(
  variants: readonly Variant[],
  middle: Round,
  ratios: Record<string, number>,
): Aim[] {
  const aims: Aim[] = [];
  for (const { name, tier } of variants.filter(({ starts }) => starts === 'warm')) {
    for (const { what, peer, least } of RATIO_AIMS.filter((aim) => aim.tier === tier)) {
      const ratio = `${what}: ${name} / ${peer}`;
      const measured = ratios[ratio];
      if (measured === undefined) continue;
      aims.push({ name: ratio, aim: `at least ${least}`, measured, isMet: measured >= least });
    }
    const measured = middle['line']?.[name]?.firstTaskMs;
    if (measured === undefined) continue;
    const isMet = measured <= FIRST_TASK_MS;
    const aim = `at most ${FIRST_TASK_MS}`;
    aims.push({ name: `${name}: submit to first task, ms, p50`, aim, measured, isMet });
  }
  return aims;
}
