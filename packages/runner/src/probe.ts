/** Looks at what a runner would have here, without a server: for `bytenite doctor`. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TaskNetwork } from '@bytenite/contract';
import type { Logger } from 'pino';
import type { SandboxConfig } from './config.ts';
import { describeError } from './errors.ts';
import { lookingUid } from './id-range.ts';
import { Interpreters } from './interpreters.ts';
import { openSandbox } from './sandbox/open-sandbox.ts';
import { openWorkDir } from './work-dir.ts';

export interface Probe {
  sandbox:
    | {
        tier: string;
        reason: string;
        uidBase: number | null;
        cgroups: 1 | 2 | null;
        network: TaskNetwork;
        problems: Partial<Record<TaskNetwork, string>>;
      }
    | string;
  /** By name; a path, or null where there is none that tasks can run. */
  interpreters: Record<string, string | null>;
}

/** In place of the sandbox there is what kept it from opening. */
export async function probe(
  config: SandboxConfig,
  log: Logger,
  signal: AbortSignal,
): Promise<Probe> {
  const interpreters = new Interpreters(
    config.python,
    lookingUid(config.uidBase),
    process.env['PATH'] ?? '',
  );
  const found = await interpreters.findAll();
  const python = found['python3'];
  return {
    sandbox: python ? await probeSandbox(config, python, log, signal) : 'there is no python3',
    interpreters: found,
  };
}

/** In a work folder of its own, so that a runner which is at work here is not disturbed. */
async function probeSandbox(
  config: SandboxConfig,
  python: string,
  log: Logger,
  signal: AbortSignal,
): Promise<Probe['sandbox']> {
  const root = await mkdtemp(
    join(config.uidBase === null ? tmpdir() : '/var/tmp', 'bytenite-probe-'),
  );
  try {
    const dir = openWorkDir(root, config.uidBase);
    const opened = await openSandbox(config, dir, python, log, signal);
    const { tier, reason } = opened.sandbox;
    await opened.sandbox.close();
    const { uidBase, cgroups, problems } = opened;
    return { tier, reason, network: opened.sandbox.network, uidBase, cgroups, problems };
  } catch (error) {
    return describeError(error);
  } finally {
    await rm(root, { recursive: true, force: true });
  }
}
