import { readFileSync } from 'node:fs';
import path from 'node:path';
import { TASK_NETWORKS } from '@bytenite/contract';
import { InvalidArgumentError, Option, type Command } from 'commander';
import { Interrupted, UsageError } from '../errors.ts';
import type { GlobalOptions } from '../platform/find-platform.ts';
import { defaultDataDir } from '../platform/folders.ts';
import { apiKeyFile } from '../platform/local-platform.ts';
import type { LogFormat, ReadyMessage } from '../supervisor/child.ts';
import { programOf } from '../supervisor/programs.ts';
import { supervise, type UpOptions } from '../supervisor/supervise.ts';
import { paint } from '../terminal/style.ts';
import { version } from '../platform/version.ts';

interface Options extends GlobalOptions {
  port: number;
  host: string;
  publicUrl?: string;
  trustProxy?: true;
  runner: boolean;
  runnerCpus?: number;
  runnerMemory?: number;
  python?: string;
  sandbox?: string;
  taskNetwork?: string;
  allowEgress?: string[];
  overcommit: boolean;
  allowSharedProcessTier?: true;
  verbose?: true;
  logLevel?: string;
  logFormat?: LogFormat;
}

/** What people choose between; the runner knows one more, for benches. */
const SANDBOX_TIERS = ['auto', 'namespace', 'process'] as const;

const TASK_NETWORK_CHOICES = ['auto', ...TASK_NETWORKS] as const;

export const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;
const LOG_FORMATS = ['json', 'pretty'] as const;

const HELP = `
Starts the API's server and a runner for tasks, as processes of their own. The data directory is ~/.bytenite
unless --data-dir (or BYTENITE_DATA_DIR) names another. The first start makes a user and an API key;
BYTENITE_API_KEY presets it. Every other command finds the platform by itself.

Examples:
  bytenite up
  bytenite up --data-dir /srv/bytenite --public-url https://bytenite.example.org --trust-proxy`;

export function defineUp(command: Command): void {
  command
    .option('--port <port>', 'where the API listens; 0 is any free one', parsePort, 4280)
    .option('--host <address>', 'address to listen on', '127.0.0.1')
    .option('--public-url <url>', "origin of the links it gives out (else the request's own)")
    .option('--trust-proxy', 'believe the X-Forwarded headers of a proxy in front of it')
    .option('--no-runner', 'only the server; runners elsewhere do the work')
    .option('--runner-cpus <n>', 'CPUs for tasks (else all of this machine)', parsePositive)
    .option('--runner-memory <size>', 'memory for tasks, like 6GiB (else all of it)', parseMemory)
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
    .addOption(
      new Option('--overcommit', 'run what asks for more than this machine has, alone').default(
        true,
      ),
    )
    .option('--no-overcommit', 'let it wait instead')
    .option(
      '--allow-shared-process-tier',
      'let several users, or whoever reaches --host, share a runner that does not keep them apart',
    )
    .option('--verbose', 'print the logs of both')
    .addOption(
      new Option('--log-level <level>', 'the least level of what is logged (else info)').choices(
        LOG_LEVELS,
      ),
    )
    .addOption(new Option('--log-format <form>', 'how --verbose prints them').choices(LOG_FORMATS))
    .addHelpText('after', HELP)
    .action(async () => up(command.optsWithGlobals<Options>()));
}

async function up(options: Options): Promise<void> {
  if (!options.runner) refuseRunnerOptions(options);
  const dataDir = path.resolve(
    options.dataDir ?? (process.env['BYTENITE_DATA_DIR'] || defaultDataDir()),
  );
  const stop = new AbortController();
  const force = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => {
      if (stop.signal.aborted) force.abort();
      else stop.abort();
    });
  }
  stop.signal.addEventListener('abort', () => {
    process.stderr.write('Stopping: tasks under way are given back ... (again to force)\n');
  });
  const events = {
    ready: (url: string, messages: Messages) => printReady(url, dataDir, options, messages),
    notice: (text: string) => process.stderr.write(`bytenite: ${text}\n`),
  };
  await supervise(upOptions(options, dataDir), events, { stop: stop.signal, force: force.signal });
  if (force.signal.aborted) throw new Interrupted();
  console.log('Stopped.');
}

function upOptions(options: Options, dataDir: string): UpOptions {
  const { host, port, publicUrl, trustProxy, allowSharedProcessTier } = options;
  return {
    dataDir,
    host,
    port,
    serverArgs: [
      ...(publicUrl === undefined ? [] : ['--public-url', checkUrl(publicUrl)]),
      ...(trustProxy ? ['--trust-proxy'] : []),
      ...(allowSharedProcessTier ? ['--allow-shared-process-tier'] : []),
    ],
    runnerArgs: options.runner ? runnerArgs(options) : undefined,
    shown: options.verbose && (options.logFormat ?? defaultFormat()),
    logLevel: options.logLevel,
    programs: {
      server: programOf('@bytenite/server/main'),
      runner: programOf('@bytenite/runner/main'),
    },
  };
}

/** For whoever reads it: people, or a program that takes them. */
function defaultFormat(): LogFormat {
  return process.stderr.isTTY ? 'pretty' : 'json';
}

function runnerArgs(options: Options): string[] {
  const { runnerCpus, runnerMemory, python, sandbox, overcommit } = options;
  const { taskNetwork, allowEgress = [] } = options;
  return [
    ...(runnerCpus === undefined ? [] : ['--cpus', String(runnerCpus)]),
    ...(runnerMemory === undefined ? [] : ['--memory', String(runnerMemory)]),
    ...(python === undefined ? [] : ['--python', path.resolve(python)]),
    ...(sandbox === undefined ? [] : ['--sandbox', sandbox]),
    ...(taskNetwork === undefined ? [] : ['--task-network', taskNetwork]),
    ...allowEgress.flatMap((range) => ['--allow-egress', range]),
    overcommit ? '--overcommit' : '--no-overcommit',
  ];
}

function refuseRunnerOptions(options: Options): void {
  const { runnerCpus, runnerMemory, python, sandbox, taskNetwork, allowEgress } = options;
  const given = [runnerCpus, runnerMemory, python, sandbox, taskNetwork, allowEgress];
  const isGiven = given.some((value) => value !== undefined);
  if (isGiven) throw new UsageError('--no-runner leaves no runner for the other runner options');
}

interface Messages {
  server: ReadyMessage;
  runner: ReadyMessage | undefined;
}

function printReady(url: string, dataDir: string, options: Options, messages: Messages): void {
  const { server, runner } = messages;
  const shown = options.publicUrl ?? url;
  const keyFile = apiKeyFile(dataDir);
  const lines = [
    `bytenite ${version()} is running at ${paint('bold', shown)}`,
    `  API      ${shown}/v1/customer, documentation at ${shown}/v1/customer/docs/`,
    `  API key  ${keyFile}`,
  ];
  if (server['apiKeyCreated'] === true)
    lines.push(`           ${readKey(keyFile)} (shown this once)`);
  lines.push(`  runner   ${runner === undefined ? 'none (--no-runner)' : runnerWords(runner)}`);
  lines.push(`  logs     ${path.join(dataDir, 'logs')}`, 'Ctrl-C stops it.');
  console.log(lines.join('\n'));
}

function runnerWords({ tier, tierReason }: ReadyMessage): string {
  if (typeof tier !== 'string') return 'on this machine';
  const reason = typeof tierReason === 'string' && tierReason !== '' ? `: ${tierReason}` : '';
  return `on this machine, sandbox tier ${tier}${reason}`;
}

function readKey(file: string): string {
  try {
    return readFileSync(file, 'utf8').trim();
  } catch {
    return '';
  }
}

export function checkUrl(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.protocol === 'http:' || url?.protocol === 'https:') return text;
  throw new UsageError(`--public-url ${text} is not an address like https://bytenite.example.org`);
}

const MAX_PORT = 65_535;

export function parsePort(text: string): number {
  const port = Number(text);
  if (/^\d+$/.test(text) && port <= MAX_PORT) return port;
  throw new InvalidArgumentError(`It must be a number from 0 to ${MAX_PORT}.`);
}

function parsePositive(text: string): number {
  const value = Number(text);
  if (text.trim() !== '' && Number.isFinite(value) && value > 0) return value;
  throw new InvalidArgumentError('It must be a number above 0.');
}

/** Less starts no interpreter; mostly it is a size without its unit. */
const LEAST_MEMORY = 64 * 1024 ** 2;

function parseMemory(text: string): number {
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
