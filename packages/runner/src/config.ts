/** The one reader of the runner's arguments. The token comes from a file, never from argv or environment. */
import { availableParallelism, hostname, totalmem } from 'node:os';
import { isIPv4 } from 'node:net';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { TASK_NETWORKS } from '@bytenite/contract';

const GIB = 1024 ** 3;
/** The most that the kernel counts in a cgroup. */
const MAX_PROCESSES = 4_194_304;

export const SANDBOX_CHOICES = ['auto', 'namespace', 'process', 'null'] as const;
export type SandboxChoice = (typeof SANDBOX_CHOICES)[number];

export const TASK_NETWORK_CHOICES = ['auto', ...TASK_NETWORKS] as const;
export type TaskNetworkChoice = (typeof TASK_NETWORK_CHOICES)[number];

/** How tasks are started and kept apart. */
export interface SandboxConfig {
  /** Interpreter of `.py` components and of the launcher; found on the machine when not given. */
  python: string | null;
  sandbox: SandboxChoice;
  /** What tasks may reach at the most; `auto` is the internet where that can be had alone. */
  taskNetwork: TaskNetworkChoice;
  /** Ranges that tasks may reach though they are not the internet. */
  allowEgress: string[];
  /** What one attempt may print before only its tail is kept. */
  taskLogBytes: number;
  /** Processes and threads that one attempt may have at once. */
  taskProcesses: number;
  /** How long a start waits for an earlier runner of the same folder to end. */
  lockWaitSeconds: number;
  /** Start tasks without a copy of the launcher's memory where the machine can. */
  nativeSpawn: boolean;
  /** Tasks in Python may be forks of an interpreter that has started already. */
  warmStarts: boolean;
  /** Started as root, tasks of slot n run as uid `uidBase + n`; null as an ordinary user. */
  uidBase: number | null;
}

const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'];

export interface RunnerConfig extends SandboxConfig {
  server: URL;
  tokenFile: string;
  workDir: string;
  name: string;
  /** The same at each start in one place; `''` where names are known to be different. */
  instance: string;
  /** Declared models; none finds out what is there. */
  gpus: string[];
  labels: Record<string, string>;
  cpus: number;
  memoryBytes: number;
  overcommit: boolean;
  /** What one attempt may lay down on disk. */
  taskDiskBytes: number;
  /** Files and folders that one attempt may make there. */
  taskFiles: number;
  /** What a user may keep in the cache on this runner. */
  userCacheBytes: number;
  packageCacheBytes: number;
}

/** Reads argv (without node and script); throws an Error that says what is wrong. */
export function readConfig(argv: readonly string[], isRoot: boolean): RunnerConfig {
  const values = parseFlags(argv);
  return {
    server: parseServer(required(values.server, 'server')),
    tokenFile: resolve(required(values['token-file'], 'token-file')),
    workDir: resolve(required(values['work-dir'], 'work-dir')),
    name: values.name,
    instance: values.instance,
    gpus: parseGpuFlags(values.gpu),
    labels: parseLabels(values.label),
    cpus: positive(values.cpus, 'cpus'),
    memoryBytes: positive(values.memory, 'memory'),
    overcommit: values.overcommit,
    taskDiskBytes: positive(values['task-disk'], 'task-disk'),
    taskFiles: whole(values['task-files'], 'task-files'),
    userCacheBytes: positive(values['user-cache'], 'user-cache'),
    packageCacheBytes: positive(values['package-cache'], 'package-cache'),
    ...sandboxConfig(values, isRoot),
  };
}

/** The least level of what is logged: the flag's, else the variable's. */
export function readLogLevel(argv: readonly string[], env: NodeJS.ProcessEnv): string {
  const level = parseFlags(argv)['log-level'] ?? (env['BYTENITE_LOG_LEVEL'] || 'info');
  if (LOG_LEVELS.includes(level)) return level;
  throw new Error(`the log level must be one of ${LOG_LEVELS.join(', ')}, not "${level}"`);
}

/** The part of the configuration that needs no server; undefined when argv does not ask for a probe. */
export function readProbeConfig(
  argv: readonly string[],
  isRoot: boolean,
): SandboxConfig | undefined {
  const values = parseFlags(argv);
  return values.probe ? sandboxConfig(values, isRoot) : undefined;
}

function sandboxConfig(values: Flags, isRoot: boolean): SandboxConfig {
  return {
    python: values.python === undefined ? null : resolve(values.python),
    sandbox: parseSandbox(values.sandbox),
    taskNetwork: parseTaskNetwork(values['task-network']),
    allowEgress: values['allow-egress'].map(parseRange),
    taskLogBytes: positive(values['task-logs'], 'task-logs'),
    taskProcesses: whole(values['task-processes'], 'task-processes', MAX_PROCESSES),
    lockWaitSeconds: positive(values['lock-wait'], 'lock-wait'),
    nativeSpawn: values['native-spawn'],
    warmStarts: values['warm-starts'],
    uidBase: isRoot ? positive(values['uid-base'], 'uid-base') : null,
  };
}

type Flags = ReturnType<typeof parseFlags>;

function parseFlags(argv: readonly string[]) {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      server: { type: 'string' },
      'token-file': { type: 'string' },
      'work-dir': { type: 'string' },
      name: { type: 'string', default: hostname() },
      instance: { type: 'string', default: '' },
      gpu: { type: 'string', multiple: true, default: [] },
      label: { type: 'string', multiple: true, default: [] },
      cpus: { type: 'string', default: String(availableParallelism()) },
      memory: { type: 'string', default: String(totalmem()) },
      python: { type: 'string' },
      sandbox: { type: 'string', default: 'auto' },
      'task-network': { type: 'string', default: 'auto' },
      'allow-egress': { type: 'string', multiple: true, default: [] },
      overcommit: { type: 'boolean', default: true },
      'task-disk': { type: 'string', default: String(10 * GIB) },
      'task-files': { type: 'string', default: '1000000' },
      'task-processes': { type: 'string', default: '4096' },
      'task-logs': { type: 'string', default: String(64 * 1024 * 1024) },
      'user-cache': { type: 'string', default: String(10 * GIB) },
      'package-cache': { type: 'string', default: String(5 * GIB) },
      'uid-base': { type: 'string', default: '64000' },
      'native-spawn': { type: 'boolean', default: true },
      'warm-starts': { type: 'boolean', default: true },
      'lock-wait': { type: 'string', default: '30' },
      'log-level': { type: 'string' },
      // Look at what this machine offers, print it as JSON, and end.
      probe: { type: 'boolean', default: false },
    },
    allowNegative: true,
  });
  return values;
}

function required(value: string | undefined, flag: string): string {
  if (!value) throw new Error(`--${flag} is missing`);
  return value;
}

function positive(text: string, flag: string): number {
  const value = Number(text);
  if (!Number.isFinite(value) || value <= 0) {
    throw new Error(`--${flag} must be a number above 0, not "${text}"`);
  }
  return value;
}

function whole(text: string, flag: string, most = Number.MAX_SAFE_INTEGER): number {
  const value = positive(text, flag);
  if (Number.isInteger(value) && value <= most) return value;
  throw new Error(`--${flag} must be a whole number from 1 to ${most}, not "${text}"`);
}

const MAX_GPUS = 64;
const LONGEST_TEXT = 256;

function parseGpuFlags(models: string[]): string[] {
  const isFine = models.every((model) => model.trim() !== '' && model.length <= LONGEST_TEXT);
  if (isFine && models.length <= MAX_GPUS) return models.map((model) => model.trim());
  throw new Error(`--gpu must be a model like "NVIDIA A100", at most ${MAX_GPUS} of them`);
}

function parseLabels(texts: string[]): Record<string, string> {
  return Object.fromEntries(
    texts.map((text) => {
      const [, key = '', value = ''] = /^([A-Za-z0-9][\w./-]*)=(.*)$/s.exec(text) ?? [];
      if (key !== '' && Math.max(key.length, value.length) <= LONGEST_TEXT) return [key, value];
      throw new Error(`--label must be like zone=eu-1, not "${text}"`);
    }),
  );
}

function parseServer(text: string): URL {
  if (!URL.canParse(text)) throw new Error(`--server must be a URL, not "${text}"`);
  const url = new URL(text);
  if (url.protocol !== 'http:' && url.protocol !== 'https:') {
    throw new Error(`--server must begin with http:// or https://, not "${url.protocol}"`);
  }
  return url;
}

function parseSandbox(text: string): SandboxChoice {
  const choice = SANDBOX_CHOICES.find((known) => known === text);
  if (choice) return choice;
  throw new Error(`--sandbox must be one of ${SANDBOX_CHOICES.join(', ')}, not "${text}"`);
}

function parseTaskNetwork(text: string): TaskNetworkChoice {
  const choice = TASK_NETWORK_CHOICES.find((known) => known === text);
  if (choice) return choice;
  throw new Error(
    `--task-network must be one of ${TASK_NETWORK_CHOICES.join(', ')}, not "${text}"`,
  );
}

function parseRange(text: string): string {
  const [address = '', bits = '32', ...rest] = text.split('/');
  const isRange = rest.length === 0 && /^\d{1,2}$/.test(bits) && Number(bits) <= 32;
  if (isIPv4(address) && isRange) return `${address}/${bits}`;
  throw new Error(`--allow-egress must be an IPv4 range like 10.1.0.0/16, not "${text}"`);
}
