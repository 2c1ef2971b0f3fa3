import { mkdirSync } from 'node:fs';
import type { TaskNetwork } from '@bytenite/contract';
import type { Logger } from 'pino';
import type { SandboxConfig } from '../config.ts';
import type { WorkDir } from '../work-dir.ts';
import { describeTier } from './describe-tier.ts';
import { LaunchedSandbox } from './launched.ts';
import { LauncherClient, type LauncherReady } from './launcher-client.ts';
import { NullSandbox } from './null.ts';
import type { Sandbox } from './sandbox.ts';

export interface OpenSandbox {
  sandbox: Sandbox;
  /** First uid of the slots; null as an ordinary user. */
  uidBase: number | null;
  /** Version of the cgroups that limit the tasks; null without. */
  cgroups: 1 | 2 | null;
  /** What kept a network from working in namespaces. */
  problems: LauncherReady['problems'];
}

/** Opens the sandbox that the operator asked for; `auto` is the strongest that there is here. */
export async function openSandbox(
  config: SandboxConfig,
  dir: WorkDir,
  python: string,
  log: Logger,
  signal: AbortSignal,
): Promise<OpenSandbox> {
  const { taskLogBytes: logBytes, taskProcesses: processes } = config;
  const networks = networksToTry(config);
  if (networks.length > 0) mkdirSync(dir.zoneRoot, { recursive: true, mode: 0o700 });
  const launcher = new LauncherClient({
    python,
    lockFile: dir.lockFile,
    lockWaitSeconds: config.lockWaitSeconds,
    cgroup: dir.cgroup,
    attemptsDir: `${dir.attempts}/`,
    uidBase: config.uidBase,
    zoneRoot: dir.zoneRoot,
    networks,
    opened: config.allowEgress,
    nativeSpawn: config.nativeSpawn,
    onStderr: (line) => log.warn({ line }, 'launcher'),
  });
  const abort = () => void launcher.close();
  signal.addEventListener('abort', abort, { once: true });
  const ready = await launcher.start();
  signal.removeEventListener('abort', abort);
  const { uidBase, version: cgroups, problems } = ready;
  const refusal = decideRefusal(config, ready);
  if (refusal !== undefined) {
    await launcher.close();
    throw new Error(refusal);
  }
  const tier = ready.network === null ? 'process' : 'namespace';
  const network = ready.network ?? 'host';
  const reason = describeTier(tier, describeChoice(config, ready), ready, network);
  const options = { tier, reason, network, uidBase, logBytes, processes } as const;
  const launched = new LaunchedSandbox(launcher, options);
  const sandbox = config.sandbox === 'null' ? new NullSandbox(launched) : launched;
  return { sandbox, uidBase, cgroups, problems };
}

/** Nothing where there shall be no namespaces; only with them is there a choice. */
function networksToTry({ sandbox, taskNetwork }: SandboxConfig): TaskNetwork[] {
  if (sandbox === 'process' || sandbox === 'null') return [];
  return taskNetwork === 'auto' ? ['egress', 'host'] : [taskNetwork];
}

/** What the operator asked for by name is had, or nothing runs. */
function decideRefusal(config: SandboxConfig, ready: LauncherReady): string | undefined {
  const { sandbox, taskNetwork } = config;
  if (ready.network !== null) return undefined;
  const problem = ready.problems[taskNetwork === 'auto' ? 'host' : taskNetwork];
  if (taskNetwork === 'egress' || taskNetwork === 'none') {
    const why = problem ?? `the ${sandbox} tier has the host's`;
    return `--task-network ${taskNetwork} is not to be had here: ${why}`;
  }
  if (sandbox !== 'namespace') return undefined;
  return `the namespace tier does not work on this machine: ${problem ?? 'unknown'}`;
}

function describeChoice({ sandbox, taskNetwork }: SandboxConfig, ready: LauncherReady): string {
  const { network, problems } = ready;
  if (sandbox === 'auto' && network === null) {
    return `auto: the namespace tier does not work here (${problems.host ?? 'unknown'})`;
  }
  const asked =
    sandbox === 'auto'
      ? 'auto: the strongest tier that works here'
      : `asked for with --sandbox ${sandbox}`;
  if (taskNetwork !== 'auto' || network !== 'host') return asked;
  return `${asked}, but no network of their own for its tasks (${problems.egress ?? 'unknown'})`;
}
