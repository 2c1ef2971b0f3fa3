/** The middle of an attempt: the user's process, from the open gate to the shut one. */
import type { AttemptFolder, AttemptPaths } from './attempt-folder.ts';
import type { Attempt } from './attempt.ts';
import type { CacheListings } from './cache-listing.ts';
import type { CacheQuota } from './cache-quota.ts';
import type { Cache, Caches } from './caches.ts';
import type { Capacity, Need } from './capacity.ts';
import { monotonicMs, type ServerClock } from './clock.ts';
import type { DiskWatch } from './disk-watch.ts';
import { baseVariables, taskEnvironment } from './environment.ts';
import { failpoint } from './failpoint.ts';
import { mebibytes } from './outcome.ts';
import { PerSlot } from './per-slot.ts';
import type {
  Mount,
  Sandbox,
  SandboxRequest,
  SandboxResult,
  WarmStart,
} from './sandbox/sandbox.ts';
import { warmStartOf } from './warm-start.ts';

export interface ExecuteDeps {
  sandbox: Sandbox;
  caches: Caches;
  capacity: Capacity;
  clock: ServerClock;
  cacheQuota: CacheQuota;
  cacheListings: CacheListings;
  diskWatch: DiskWatch;
  diskBytes: number;
  diskFiles: number;
  cacheBytes: number;
  processes: number;
  logBytes: number;
  graceMs(): number;
  /** Tasks in Python may be forks of an interpreter that has started already. */
  warmStarts: boolean;
}

/** An attempt whose input lies ready. */
export interface StagedAttempt {
  attempt: Attempt;
  slot: number;
  folder: AttemptFolder;
  paths: AttemptPaths;
  inputBytes: number;
  inputEntries: number;
  /** The component's folder: shared by all its tasks, read-only for them as root. */
  componentDir: string;
  command: [string, ...string[]];
  /** Folders outside of the system's that the interpreter needs. */
  interpreterFolders: string[];
}

export async function executeTask(
  deps: ExecuteDeps,
  staged: StagedAttempt,
): Promise<SandboxResult> {
  const { attempt, folder, inputBytes, inputEntries } = staged;
  const { log } = attempt;
  attempt.enter('RUNNING');
  if (deps.capacity.isOvercommitted(attempt.context)) sayOvercommitted(attempt);
  for (const note of attempt.grant.notes) log.say('WARN', note, monotonicMs());
  log.say('INFO', 'container started', monotonicMs());
  const run = deps.sandbox.run(toRequest(deps, staged));
  attempt.attach(run);
  attempt.leavesFolderAlone = !run.startsProcess;
  const unwatch = deps.diskWatch.watch({
    folder: folder.path,
    limitBytes: deps.diskBytes + inputBytes,
    limitEntries: deps.diskFiles + inputEntries,
    onOver: (what) => attempt.stop(what === 'bytes' ? 'disk' : 'files', deps.graceMs()),
  });
  const leaveCache = deps.cacheQuota.use(deps.caches.of(attempt.context).user, () =>
    attempt.stop('cache', deps.graceMs()),
  );
  await failpoint('run');
  const result = await run.result;
  unwatch();
  leaveCache();
  if (run.startsProcess) deps.cacheListings.note(attempt.context);
  log.endOutput(result.endedAtMs);
  if (result.isWarm) log.say('DEBUG', 'warm start: forked from a loaded Python', result.endedAtMs);
  const { startedAtMs } = result;
  attempt.startedAt = startedAtMs === null ? null : deps.clock.at(startedAtMs);
  return result;
}

function toRequest(deps: ExecuteDeps, staged: StagedAttempt): SandboxRequest {
  const { attempt, slot, paths, componentDir, command } = staged;
  const { context, grant, log, limits } = attempt;
  const cache = deps.caches.of(context);
  const env = taskEnvironment(grant, context, paths, cache, {
    interpreter: command[0],
    gpus: visibleGpus(deps.capacity, attempt.need),
  });
  return {
    slot,
    owner: context.owner,
    argv: command,
    env,
    warm: deps.warmStarts ? warmStart(staged, env, cache) : undefined,
    cwd: componentDir,
    resultsDir: paths.output,
    mounts: mountsOf(staged, cache),
    network: context.component.network,
    groups: cache.groups,
    cpus: limits.cpus,
    memoryBytes: limits.memoryBytes,
    diskBytes: deps.diskBytes,
    timeoutMs: context.kind === 'APP' ? context.taskTimeoutMs : null,
    graceMs: deps.graceMs(),
    leaseUntilMs: attempt.leaseUntilMs,
    onStarted: (atMs) => {
      attempt.startedAt = deps.clock.at(atMs);
    },
    onNote: (text, atMs) => log.say('WARN', text, atMs),
    onOutput: (stream, bytes, atMs) => log.print(stream, bytes, atMs),
    onDropped: (bytes, atMs) => {
      const limit = `more than ${mebibytes(deps.logBytes)} (--task-logs of the runner)`;
      const message = `printed ${limit}: ${bytes} bytes are left out before the last lines`;
      log.say('WARN', message, atMs);
    },
  };
}

const warmStarts = new PerSlot<WarmStart | undefined>();

function warmStart(
  { attempt, paths, command, componentDir }: StagedAttempt,
  env: Record<string, string>,
  { groups }: Cache,
): WarmStart | undefined {
  const { context, limits } = attempt;
  const { cpus, memoryBytes } = limits;
  // Nothing of it depends on the one task; its own variables are none that act at a start.
  return warmStarts.get(context, paths, () => {
    const base = baseVariables(paths, command[0]);
    const setup = [cpus, groups];
    return warmStartOf({ context, command, componentDir, base, env, memoryBytes, setup });
  });
}

/** The one that the task was given; where there are GPUs none for a task that asks for none. */
function visibleGpus(capacity: Capacity, need: Need): string | null {
  if (capacity.total.gpus.length === 0) return null;
  return capacity.gpuOf(need)?.device ?? '';
}

/** Everything of this machine that the task is given; in the same places as outside. */
function mountsOf(staged: StagedAttempt, cache: Cache): Mount[] {
  const { attempt, paths, componentDir, interpreterFolders } = staged;
  const isMerging = attempt.context.kind === 'ASSEMBLER';
  const isReading = attempt.context.component.readOnlyInput;
  const shared = [componentDir, cache.shared, ...interpreterFolders];
  const own = [paths.output, paths.tmp, cache.user];
  return [
    ...shared.map((path) => ({ path, isWritable: false, isShared: true })),
    ...(isMerging ? [{ path: paths.manifest, isWritable: false, isShared: false }] : []),
    { path: paths.input, isWritable: !isReading, isShared: false },
    ...own.map((path) => ({ path, isWritable: true, isShared: false })),
  ];
}

function sayOvercommitted({ context, limits, log }: Attempt): void {
  const words = ({ cpus, memoryBytes }: Need) =>
    `${cpus} ${cpus === 1 ? 'CPU' : 'CPUs'} and ${mebibytes(memoryBytes)}`;
  const asked = words(context);
  const given = words(limits);
  const message = `the component asks for ${asked}, more than this runner has: it runs alone with ${given}`;
  log.say('WARN', message, monotonicMs());
}
