import { parseArgs } from 'node:util';

export interface BenchOptions {
  asJson: boolean;
  rounds: number;
  tasks: number;
  /** Where CPU profiles of server and runner go; null makes none. */
  profileDir: string | null;
}

/** Options of every bench; `tasks` is the size of one job. */
export function readOptions(defaults: { rounds: number; tasks: number }): BenchOptions {
  const { values } = parseArgs({
    options: {
      json: { type: 'boolean', default: false },
      rounds: { type: 'string', default: String(defaults.rounds) },
      tasks: { type: 'string', default: String(defaults.tasks) },
      profile: { type: 'string' },
    },
  });
  return {
    asJson: values.json,
    rounds: positive(values.rounds, 'rounds'),
    tasks: positive(values.tasks, 'tasks'),
    profileDir: values.profile ?? null,
  };
}

function positive(text: string, flag: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) throw new Error(`--${flag} must be a number from 1`);
  return value;
}
