import { parseArgs } from 'node:util';

export interface BenchOptions {
  asJson: boolean;
  rounds: number;
  tasks: number;
  /** Where CPU profiles of server and runner go; null makes none. */
  profileDir: string | null;
}

/** What every bench takes. */
export const BENCH_OPTIONS = {
  json: { type: 'boolean', default: false },
  rounds: { type: 'string' },
  tasks: { type: 'string' },
  profile: { type: 'string' },
} as const;

interface BenchValues {
  json: boolean;
  rounds?: string | undefined;
  tasks?: string | undefined;
  profile?: string | undefined;
}

interface BenchDefaults {
  rounds: number;
  /** Size of one job. */
  tasks: number;
}

export function readOptions(defaults: BenchDefaults): BenchOptions {
  const { values } = parseArgs({ options: BENCH_OPTIONS });
  return toBenchOptions(values, defaults);
}

export function toBenchOptions(values: BenchValues, defaults: BenchDefaults): BenchOptions {
  return {
    asJson: values.json,
    rounds: wholeNumber(values.rounds ?? String(defaults.rounds), 'rounds'),
    tasks: wholeNumber(values.tasks ?? String(defaults.tasks), 'tasks'),
    profileDir: values.profile ?? null,
  };
}

export function wholeNumber(text: string, name: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) throw new Error(`--${name} must be a number from 1`);
  return value;
}
