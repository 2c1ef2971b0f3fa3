/** A tier's reason in words: who asked for it, what keeps tasks apart, and what limits them. */
import type { TaskNetwork } from '@bytenite/contract';
import type { LauncherReady } from './launcher-client.ts';

const NETWORKS: Record<TaskNetwork, string> = {
  host: 'host network',
  egress: 'network of its own',
  none: 'no network',
};

export function describeTier(
  tier: 'process' | 'namespace',
  asked: string,
  ready: LauncherReady,
  network: TaskNetwork,
): string {
  const limits =
    ready.version === null
      ? `limits per process by rlimits (no cgroups: ${ready.problem || 'none found'})`
      : `limits by cgroup v${ready.version} (${ready.controllers.join(', ')})`;
  return [asked, describeApart(tier, ready), limits, NETWORKS[network]].join('; ');
}

function describeApart(tier: 'process' | 'namespace', { uidBase }: LauncherReady): string {
  const user =
    uidBase === null
      ? "tasks have the runner's own user"
      : `one unprivileged uid per slot from ${uidBase} on`;
  if (tier === 'process') return `${user}; warm starts are not kept apart from their tasks`;
  return `own root, processes and rights per slot; ${user}`;
}
