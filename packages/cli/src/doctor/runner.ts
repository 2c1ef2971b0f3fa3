/** What tasks would run with here: the runner's program looks, since it knows. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { TaskNetwork } from '@bytenite/contract';
import { fail, ok, warn, type Check } from './check.ts';

const TIMEOUT_MS = 60_000;

/** As the runner's program prints it. */
interface Probe {
  sandbox: SandboxProbe | string;
  interpreters: Record<string, string | null>;
}

interface SandboxProbe {
  tier: string;
  reason: string;
  network: TaskNetwork;
  uidBase: number | null;
  cgroups: 1 | 2 | null;
  /** What kept a network from working in namespaces. */
  problems: Partial<Record<TaskNetwork, string>>;
}

const HOW_TO_GET_NAMESPACES =
  'for the namespace tier: Linux 5.12 or newer, and user namespaces allowed (sysctl user.max_user_namespaces ' +
  'above 0; where they exist, kernel.unprivileged_userns_clone=1 and ' +
  'kernel.apparmor_restrict_unprivileged_userns=0); in a container, one that may make namespaces and whose ' +
  '/proc is not masked';

const HOW_TO_GET_EGRESS =
  'for a network of their own, in the namespace tier: apt-get install slirp4netns nftables; started as an ' +
  'ordinary user also: /dev/net/tun that this user may open. Or shut it off: bytenite up --task-network none';

export async function checkRunner(program: string): Promise<Check[]> {
  let probe: Probe;
  try {
    const run = promisify(execFile);
    const { stdout } = await run(process.execPath, [program, '--probe'], { timeout: TIMEOUT_MS });
    probe = JSON.parse(stdout) as Probe;
  } catch (error) {
    const message = `the runner's program does not start: ${(error as Error).message}`;
    return [fail('runner', message, 'install and build again: npm run setup')];
  }
  return checkProbe(probe);
}

export function checkProbe({ sandbox, interpreters }: Probe): Check[] {
  const checks = checkInterpreters(interpreters);
  if (typeof sandbox === 'string') {
    return [...checks, fail('sandbox', sandbox, 'tasks cannot run here before this is put right')];
  }
  const { tier, reason, uidBase, cgroups, problems } = sandbox;
  return [
    ...checks,
    problems.host === undefined
      ? ok('sandbox', `tier ${tier}: ${reason}`)
      : warn('sandbox', `tier ${tier}: ${reason}`, HOW_TO_GET_NAMESPACES),
    describeNetwork(sandbox),
    describeUsers(tier, uidBase),
    cgroups === null
      ? warn(
          'cgroups',
          'memory and processes of a task are limited for each of its processes only',
          'run the platform as root on a machine with cgroups, or delegate them to its user (systemd: Delegate=yes)',
        )
      : ok('cgroups', `version ${cgroups} limits memory, CPU and processes of a task`),
  ];
}

function describeNetwork({ network, problems }: SandboxProbe): Check {
  if (network === 'egress') {
    return ok(
      'network',
      'tasks reach the internet, and nothing of this machine or private networks',
    );
  }
  if (network === 'none') return ok('network', 'tasks reach nothing');
  const why = problems.egress === undefined ? '' : `: ${problems.egress}`;
  return warn('network', `tasks use this machine's own network${why}`, HOW_TO_GET_EGRESS);
}

function describeUsers(tier: string, uidBase: number | null): Check {
  if (uidBase !== null) {
    return ok('users', `each task slot has a user of its own, from uid ${uidBase} on`);
  }
  if (tier !== 'process') {
    return ok('users', "tasks have the platform's own uid, in a root that shows none of its files");
  }
  return warn(
    'users',
    "tasks run as the platform's own user: they can read what it can read",
    'for code that you do not trust, run the platform as root: tasks then get users of their own',
  );
}

/** Python starts the tasks; the others are for components written in them. */
function checkInterpreters(found: Probe['interpreters']): Check[] {
  const { python3, ...others } = found;
  const there = Object.entries(others).filter(([, place]) => place !== null);
  const missing = Object.keys(others).filter((name) => others[name] === null);
  return [
    python3
      ? ok('python3', python3)
      : fail(
          'python3',
          'not found, or not for tasks to run',
          'install it: apt-get install python3',
        ),
    ok(
      'interpreters',
      [
        there.map(([name, place]) => `${name} ${place}`).join(', ') || 'none but python3',
        ...(missing.length > 0 ? [`not here: ${missing.join(', ')}`] : []),
      ].join('; '),
    ),
  ];
}
