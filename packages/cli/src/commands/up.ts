import { readFileSync } from 'node:fs';
import path from 'node:path';
import { InvalidArgumentError, type Command } from 'commander';
import { Interrupted, UsageError } from '../errors.ts';
import type { GlobalOptions } from '../platform/find-platform.ts';
import { defaultDataDir } from '../platform/folders.ts';
import { apiKeyFile } from '../platform/local-platform.ts';
import type { ReadyMessage } from '../supervisor/child.ts';
import { programOf } from '../supervisor/programs.ts';
import { supervise, type UpOptions } from '../supervisor/supervise.ts';
import { paint } from '../terminal/style.ts';
import { version } from '../platform/version.ts';
import { addLogOptions, shownFormat, stopOnSignals, type LogOptions } from './foreground.ts';
import {
  addRunnerOptions,
  givenRunnerOptions,
  parseMemory,
  parsePositive,
  runnerArgs,
  sizeArgs,
  type RunnerOptions,
} from './runner-options.ts';

interface Options extends GlobalOptions, RunnerOptions, LogOptions {
  port: number;
  host: string;
  publicUrl?: string;
  trustProxy?: true;
  runner: boolean;
  runnerCpus?: number;
  runnerMemory?: number;
  allowSharedProcessTier?: true;
}

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
    .option('--runner-memory <size>', 'memory for tasks, like 6GiB (else all of it)', parseMemory);
  addRunnerOptions(command);
  command.option(
    '--allow-shared-process-tier',
    'let several users, or whoever reaches --host, share a runner that does not keep them apart',
  );
  addLogOptions(command, 'the logs of both');
  command.addHelpText('after', HELP).action(async () => up(command.optsWithGlobals<Options>()));
}

async function up(options: Options): Promise<void> {
  if (!options.runner) refuseRunnerOptions(options);
  const dataDir = path.resolve(
    options.dataDir ?? (process.env['BYTENITE_DATA_DIR'] || defaultDataDir()),
  );
  const signals = stopOnSignals();
  const events = {
    ready: (url: string, messages: Messages) => printReady(url, dataDir, options, messages),
    notice: (text: string) => process.stderr.write(`bytenite: ${text}\n`),
  };
  await supervise(upOptions(options, dataDir), events, signals);
  if (signals.force.aborted) throw new Interrupted();
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
    runnerArgs: options.runner
      ? [...sizeArgs(options.runnerCpus, options.runnerMemory), ...runnerArgs(options)]
      : undefined,
    shown: shownFormat(options),
    logLevel: options.logLevel,
    programs: {
      server: programOf('@bytenite/server/main'),
      runner: programOf('@bytenite/runner/main'),
    },
  };
}

function refuseRunnerOptions(options: Options): void {
  const { runnerCpus, runnerMemory } = options;
  const isSized = runnerCpus !== undefined || runnerMemory !== undefined;
  if (isSized || givenRunnerOptions(options).length > 0)
    throw new UsageError('--no-runner leaves no runner for the other runner options');
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
