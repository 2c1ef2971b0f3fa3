import { RUNNER_STATE_PREFIX, type RunnerInfo, type RunnerToken } from '@bytenite/contract';
import type { RunnerTokenView } from '../engine/runners/manage-runner-tokens.ts';
import type { RunnerView } from '../engine/runners/runner-view.ts';
import { timestampOf } from './time.ts';

const GIB = 1024 ** 3;

export function presentRunner(view: RunnerView): RunnerInfo {
  const { runner, tokenName, state, reason, tasks, registeredAt } = view;
  const { id, name, host, tier, tierReason, network, cpus, memoryBytes } = runner;
  const { gpus, labels, overcommit, version, lastSeenAt } = runner;
  return {
    id,
    name,
    token: tokenName,
    host,
    state: `${RUNNER_STATE_PREFIX}${state}`,
    reason,
    tier,
    tierReason,
    network,
    cpus,
    memory: Math.round((memoryBytes / GIB) * 100) / 100,
    gpus,
    labels,
    overcommit,
    version,
    runningTasks: tasks,
    registeredAt: timestampOf(registeredAt),
    lastSeenAt: timestampOf(lastSeenAt),
  };
}

export function presentRunnerToken(view: RunnerTokenView): RunnerToken {
  const { id, name, fingerprint, created_at, revoked_at, runners } = view;
  return {
    id,
    name,
    fingerprint,
    createdAt: timestampOf(created_at),
    revoked: revoked_at !== null,
    revokedAt: timestampOf(revoked_at),
    runners,
  };
}
