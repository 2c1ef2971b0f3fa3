import type { Logger } from 'pino';
import type { SandboxConfig } from '../config.ts';
import type { WorkDir } from '../work-dir.ts';
import { LauncherClient } from './launcher-client.ts';
import { NullSandbox } from './null.ts';
import { describeProcessTier, ProcessSandbox } from './process.ts';
import type { Sandbox } from './sandbox.ts';

export interface OpenSandbox {
  sandbox: Sandbox;
  /** First uid of the slots; null as an ordinary user. */
  uidBase: number | null;
  /** Version of the cgroups that limit the tasks; null without. */
  cgroups: 1 | 2 | null;
}

/** Opens the sandbox that the operator asked for; `auto` is the strongest that there is here. */
export async function openSandbox(
  config: SandboxConfig,
  dir: WorkDir,
  python: string,
  log: Logger,
  signal: AbortSignal,
): Promise<OpenSandbox> {
  const { taskLogBytes } = config;
  const launcher = new LauncherClient({
    python,
    lockFile: dir.lockFile,
    lockWaitSeconds: config.lockWaitSeconds,
    cgroup: dir.cgroup,
    attemptsDir: `${dir.attempts}/`,
    uidBase: config.uidBase,
    nativeSpawn: config.nativeSpawn,
    onStderr: (line) => log.warn({ line }, 'launcher'),
  });
  const abort = () => void launcher.close();
  signal.addEventListener('abort', abort, { once: true });
  const ready = await launcher.start();
  signal.removeEventListener('abort', abort);
  const { uidBase } = ready;
  const asked =
    config.sandbox === 'auto'
      ? 'auto: no stronger tier is built in yet'
      : `asked for with --sandbox ${config.sandbox}`;
  const reason = describeProcessTier(asked, ready);
  const processes = new ProcessSandbox(launcher, { uidBase, logBytes: taskLogBytes }, reason);
  const sandbox = config.sandbox === 'null' ? new NullSandbox(processes) : processes;
  return { sandbox, uidBase, cgroups: ready.version };
}
