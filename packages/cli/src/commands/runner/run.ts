import { homedir } from 'node:os';
import path from 'node:path';
import type { Command } from 'commander';
import { CliError, Interrupted, UsageError } from '../../errors.ts';
import { parseUrl, type GlobalOptions } from '../../platform/find-platform.ts';
import { version } from '../../platform/version.ts';
import type { ReadyMessage } from '../../supervisor/child.ts';
import { programOf } from '../../supervisor/programs.ts';
import {
  hasToken,
  superviseRunner,
  type RunnerHostOptions,
} from '../../supervisor/supervise-runner.ts';
import { printable } from '../../terminal/escape.ts';
import { plural } from '../../terminal/format.ts';
import { paint } from '../../terminal/style.ts';
import { addLogOptions, shownFormat, stopOnSignals, type LogOptions } from '../foreground.ts';
import {
  addRunnerOptions,
  parseMemory,
  parsePositive,
  runnerArgs,
  sizeArgs,
  type RunnerOptions,
} from '../runner-options.ts';

interface Options extends GlobalOptions, RunnerOptions, LogOptions {
  server?: string;
  token?: string;
  tokenFile?: string;
  name?: string;
  cpus?: number;
  memory?: number;
}

const HELP = `
With --server this machine works for a platform elsewhere: it takes tasks that fit its free CPUs, memory and GPUs,
and everything goes over that one address; no folder is shared. An administrator of the platform makes the
token: bytenite runner token create NAME. It is kept in the data directory (~/.bytenite-runner unless
--data-dir names another), so that it is given once.

Examples:
  bytenite runner --server https://bytenite.example.org --token-file token
  bytenite runner --server https://bytenite.example.org --cpus 8 --memory 32GiB --gpu "NVIDIA A100" --label zone=eu-1
  bytenite runner list
  bytenite runner drain big-one@farm --reason "new disk"`;

export function addRun(group: Command): void {
  group
    .option('--server <url>', 'address of the platform to work for')
    .option('--token <token>', 'what it joins with; a command line is seen by others: once only')
    .option('--token-file <file>', 'the same from a file')
    .option('--name <name>', "what it is called there (else the machine's name)")
    .option('--cpus <n>', 'CPUs for tasks (else all of this machine)', parsePositive)
    .option('--memory <size>', 'memory for tasks, like 6GiB (else all of it)', parseMemory);
  addRunnerOptions(group);
  addLogOptions(group, 'its log');
  group.addHelpText('after', HELP).action(async () => run(group.optsWithGlobals<Options>()));
}

async function run(options: Options): Promise<void> {
  if (options.server === undefined) {
    throw new UsageError('--server says which platform this machine works for', {
      fix: [
        'bytenite runner --server URL --token-file FILE',
        'what else there is: bytenite runner --help',
      ],
    });
  }
  // Until now the token stood among the arguments, which everybody on this machine can read.
  process.title = 'bytenite runner';
  const hostOptions = toHostOptions(options, parseUrl(options.server, '--server'));
  const signals = stopOnSignals();
  process.stderr.write(`Joining ${hostOptions.server} ...\n`);
  const events = {
    ready: (message: ReadyMessage) => printReady(hostOptions, message),
    notice: (text: string) => process.stderr.write(`bytenite: ${text}\n`),
  };
  await superviseRunner(hostOptions, events, signals);
  if (signals.force.aborted) throw new Interrupted();
  console.log('Stopped.');
}

function toHostOptions(options: Options, server: string): RunnerHostOptions {
  const { cpus, memory, name, logLevel } = options;
  const dataDir = path.resolve(options.dataDir ?? path.join(homedir(), '.bytenite-runner'));
  return {
    dataDir,
    server,
    token: tokenOf(options, dataDir),
    args: [
      ...(name === undefined ? [] : ['--name', name]),
      ...sizeArgs(cpus, memory),
      ...runnerArgs(options),
    ],
    shown: shownFormat(options),
    logLevel,
    program: programOf('@bytenite/runner/main'),
  };
}

function tokenOf({ token, tokenFile }: Options, dataDir: string): RunnerHostOptions['token'] {
  if (token !== undefined && tokenFile !== undefined) {
    throw new UsageError('--token and --token-file say the same: give one of them');
  }
  if (tokenFile !== undefined) return { file: tokenFile };
  if (token !== undefined) {
    if (/^[\w-]{16,}$/.test(token.trim())) return { text: token.trim() };
    throw new CliError('--token is not a runner token', {
      fix: ['make one on the platform: bytenite runner token create NAME'],
    });
  }
  if (hasToken(dataDir)) return undefined;
  throw new UsageError('a runner token is needed to join', {
    why: [`${dataDir} keeps none`],
    fix: [
      'make one on the platform: bytenite runner token create NAME',
      'and give it here, once: --token-file FILE or --token TOKEN',
    ],
  });
}

const GIB = 1024 ** 3;

function printReady({ server, dataDir }: RunnerHostOptions, message: ReadyMessage): void {
  const { runnerId, cpus, memoryBytes, gpus, tier, tierReason } = message;
  const memory = `${Math.round((Number(memoryBytes) / GIB) * 10) / 10} GiB`;
  const models = Array.isArray(gpus) && gpus.length > 0 ? `, GPUs ${gpus.join(', ')}` : '';
  console.log(
    [
      `bytenite ${version()} runner ${paint('bold', printable(String(runnerId)))} works for ${server}`,
      `  offers   ${plural(Number(cpus), 'CPU')}, ${memory}${models}`,
      `  sandbox  tier ${String(tier)}: ${String(tierReason)}`,
      `  logs     ${path.join(dataDir, 'logs')}`,
      'Ctrl-C stops it.',
    ].join('\n'),
  );
}
