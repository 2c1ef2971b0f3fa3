import { fork, type ChildProcess } from 'node:child_process';
import path from 'node:path';
import { Option, type Command } from 'commander';
import { CliError } from '../errors.ts';
import type { GlobalOptions } from '../platform/find-platform.ts';
import { defaultDataDir } from '../platform/folders.ts';
import { apiKeyFile } from '../platform/local-platform.ts';
import type { ReadyMessage } from '../supervisor/child.ts';
import { ensureRunnerToken, openDataDir } from '../supervisor/data-dir.ts';
import { localUrl } from '../supervisor/port.ts';
import { programOf } from '../supervisor/programs.ts';
import { logLevelOption } from './foreground.ts';
import { checkUrl, parsePort } from './up.ts';

interface Options extends GlobalOptions {
  role: Role;
  port: number;
  host: string;
  publicUrl?: string;
  trustProxy?: true;
  allowSharedProcessTier?: true;
  logLevel?: string;
}

const ROLES = ['all', 'api', 'scheduler'] as const;
type Role = (typeof ROLES)[number];

const HELP = `
Runs one server in the foreground, without a runner and without starting it again: what a service manager
or a container wants. Any number of servers make one platform when they have the same DATABASE_URL, the same
master key and one data directory on a file system that all of them share. Role api answers callers and
runners, scheduler moves jobs on, all does both.

Examples:
  bytenite server --data-dir /srv/bytenite     # with DATABASE_URL=postgres://user:password@host/bytenite
  bytenite server --data-dir /srv/bytenite --role scheduler --port 4281`;

export function defineServer(command: Command): void {
  command
    .addOption(new Option('--role <role>', 'what this server does').choices(ROLES).default('all'))
    .option('--port <port>', 'where it listens; 0 is any free one', parsePort, 4280)
    .option('--host <address>', 'address to listen on', '127.0.0.1')
    .option('--public-url <url>', "origin of the links it gives out (else the request's own)")
    .option('--trust-proxy', 'believe the X-Forwarded headers of a proxy in front of it')
    .option(
      '--allow-shared-process-tier',
      'let several users, or whoever reaches --host, share a runner that does not keep them apart',
    )
    .addOption(logLevelOption())
    .addHelpText('after', HELP)
    .action(async () => serve(command.optsWithGlobals<Options>()));
}

async function serve(options: Options): Promise<void> {
  const dataDir = path.resolve(
    options.dataDir ?? (process.env['BYTENITE_DATA_DIR'] || defaultDataDir()),
  );
  openDataDir(dataDir);
  ensureRunnerToken(dataDir);
  // A group of its own: a Ctrl-C comes to it once, from here.
  const server = fork(programOf('@bytenite/server/main'), serverArgs(options, dataDir), {
    execArgv: [],
    detached: true,
  });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => server.kill('SIGTERM'));
  }
  server.on('message', (message) => {
    const ready = message as ReadyMessage;
    if (ready.ready) printReady(options, dataDir, ready);
  });
  const how = await ending(server);
  if (how !== '') throw new CliError(`the server ended (${how})`);
  console.log('Stopped.');
}

function serverArgs(options: Options, dataDir: string): string[] {
  const { role, host, port, publicUrl, trustProxy, allowSharedProcessTier, logLevel } = options;
  return [
    '--data-dir',
    dataDir,
    '--role',
    role,
    '--host',
    host,
    '--port',
    String(port),
    ...(publicUrl === undefined ? [] : ['--public-url', checkUrl(publicUrl)]),
    ...(trustProxy ? ['--trust-proxy'] : []),
    ...(allowSharedProcessTier ? ['--allow-shared-process-tier'] : []),
    ...(logLevel === undefined ? [] : ['--log-level', logLevel]),
  ];
}

function printReady({ role, host }: Options, dataDir: string, { port }: ReadyMessage): void {
  const words = {
    all: 'answers and moves jobs on',
    api: 'answers; another must move jobs on',
    scheduler: 'moves jobs on; it answers nobody but /healthz, /readyz and /metrics',
  } satisfies Record<Role, string>;
  console.log(
    [
      `bytenite server at ${localUrl(host, Number(port))} (${role}: ${words[role]})`,
      `  API key  ${apiKeyFile(dataDir)}`,
      'Ctrl-C stops it.',
    ].join('\n'),
  );
}

/** Empty for an end in order. */
function ending(server: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.once('exit', (code, signal) => {
      resolve(code === 0 ? '' : (signal ?? `exit code ${code}`));
    });
  });
}
