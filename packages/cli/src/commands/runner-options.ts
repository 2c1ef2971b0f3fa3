/** The options of commands that start a runner, and how the runner's program takes them. */
import path from 'node:path';
import { TASK_NETWORKS } from '@bytenite/contract';
import { InvalidArgumentError, Option, type Command } from 'commander';

export interface RunnerOptions {
  userCache?: number;
  taskDisk?: number;
  taskFiles?: number;
  taskProcesses?: number;
  taskLogs?: number;
  python?: string;
  sandbox?: string;
  taskNetwork?: string;
  allowEgress?: string[];
  gpu: string[];
  label: string[];
  overcommit: boolean;
  warmStarts: boolean;
}

/** What people choose between; the runner knows one more, for benches. */
const SANDBOX_TIERS = ['auto', 'namespace', 'process'] as const;

const TASK_NETWORK_CHOICES = ['auto', ...TASK_NETWORKS] as const;

export function addRunnerOptions(command: Command): void {
  command
    .option('--user-cache <size>', "what a user's cache may hold (else 10GiB)", parseBytes)
    .option('--task-disk <size>', 'what a task may lay down on disk (else 10GiB)', parseBytes)
    .option(
      '--task-files <n>',
      'files and folders that it may make there (else 1000000)',
      parseCount,
    )
    .option('--task-processes <n>', 'processes and threads of a task (else 4096)', parseCount)
    .option('--task-logs <size>', 'what a task may print in full (else 64MiB)', parseBytes)
    .option('--python <path>', 'Python that runs .py components (else the one found)')
    .addOption(
      new Option(
        '--sandbox <tier>',
        'how tasks are kept apart (auto: the strongest there is)',
      ).choices(SANDBOX_TIERS),
    )
    .addOption(
      new Option('--task-network <what>', 'what tasks may reach at the most').choices(
        TASK_NETWORK_CHOICES,
      ),
    )
    .option('--allow-egress <range...>', 'private ranges that tasks may reach, like 10.1.0.0/16')
    .option(
      '--gpu <model>',
      'a GPU for tasks, repeated for each; none offers none (else those that nvidia-smi lists)',
      collect,
      [],
    )
    .option('--label <key=value>', 'shown beside the runner (repeatable)', collectLabel, [])
    .addOption(
      new Option('--overcommit', 'run what asks for more than this machine has, alone').default(
        true,
      ),
    )
    .option('--no-overcommit', 'let it wait instead')
    .option('--no-warm-starts', 'start each Python task anew, not as a fork of a loaded one');
}

export function runnerArgs(options: RunnerOptions): string[] {
  const { python, sandbox, taskNetwork, allowEgress = [] } = options;
  const { gpu, label, overcommit, warmStarts } = options;
  return [
    ...limitArgs(options),
    ...(python === undefined ? [] : ['--python', path.resolve(python)]),
    ...(sandbox === undefined ? [] : ['--sandbox', sandbox]),
    ...(taskNetwork === undefined ? [] : ['--task-network', taskNetwork]),
    ...allowEgress.flatMap((range) => ['--allow-egress', range]),
    ...gpu.map((model) => `--gpu=${model}`),
    ...label.map((text) => `--label=${text}`),
    overcommit ? '--overcommit' : '--no-overcommit',
    ...(warmStarts ? [] : ['--no-warm-starts']),
  ];
}

function limitArgs(options: RunnerOptions): string[] {
  const flags: [flag: string, value: number | undefined][] = [
    ['--user-cache', options.userCache],
    ['--task-disk', options.taskDisk],
    ['--task-files', options.taskFiles],
    ['--task-processes', options.taskProcesses],
    ['--task-logs', options.taskLogs],
  ];
  return flags.flatMap(([flag, value]) => (value === undefined ? [] : [flag, String(value)]));
}

/** What says something about the runner; nothing where it is left to itself. */
export function givenRunnerOptions(options: RunnerOptions): unknown[] {
  const { python, sandbox, taskNetwork, allowEgress } = options;
  const given = [python, sandbox, taskNetwork, allowEgress].filter((value) => value !== undefined);
  return [...given, ...limitArgs(options), ...options.gpu, ...options.label];
}

export function sizeArgs(cpus: number | undefined, memory: number | undefined): string[] {
  return [
    ...(cpus === undefined ? [] : ['--cpus', String(cpus)]),
    ...(memory === undefined ? [] : ['--memory', String(memory)]),
  ];
}

function collect(text: string, before: string[]): string[] {
  if (text.trim() !== '') return [...before, text];
  throw new InvalidArgumentError('It must be a model like "NVIDIA A100", or none.');
}

function collectLabel(text: string, before: string[]): string[] {
  if (/^[A-Za-z0-9][\w./-]*=/.test(text)) return [...before, text];
  throw new InvalidArgumentError('It must be like zone=eu-1.');
}

export function parsePositive(text: string): number {
  const value = Number(text);
  if (text.trim() !== '' && Number.isFinite(value) && value > 0) return value;
  throw new InvalidArgumentError('It must be a number above 0.');
}

export function parseCount(text: string): number {
  if (/^[1-9]\d{0,14}$/.test(text.trim())) return Number(text);
  throw new InvalidArgumentError('It must be a whole number above 0.');
}

/** Less starts no interpreter; mostly it is a size without its unit. */
const LEAST_MEMORY = 64 * 1024 ** 2;

export function parseMemory(text: string): number {
  const bytes = parseBytes(text);
  if (bytes >= LEAST_MEMORY) return bytes;
  throw new InvalidArgumentError(`It must be at least 64MiB, and ${text} is ${bytes} bytes.`);
}

const UNITS: Record<string, number> = { '': 1, k: 1024, m: 1024 ** 2, g: 1024 ** 3, t: 1024 ** 4 };

function parseBytes(text: string): number {
  const [, amount, unit] = /^(\d+(?:\.\d+)?)\s*([kmgt]?)(?:i?b)?$/i.exec(text.trim()) ?? [];
  const factor = unit === undefined ? undefined : UNITS[unit.toLowerCase()];
  const bytes = Math.floor(Number(amount) * (factor ?? 0));
  if (bytes > 0) return bytes;
  throw new InvalidArgumentError('It must be a size like 512MiB, 6GiB or 6000000000 (bytes).');
}
