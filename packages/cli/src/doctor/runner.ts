/** What tasks would run with here: the runner's program looks, since it knows. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { fail, ok, warn, type Check } from './check.ts';

const TIMEOUT_MS = 60_000;

/** As the runner's program prints it. */
interface Probe {
  sandbox: { tier: string; reason: string; uidBase: number | null; cgroups: 1 | 2 | null } | string;
  interpreters: Record<string, string | null>;
}

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
  const { tier, reason, uidBase, cgroups } = sandbox;
  return [
    ...checks,
    ok('sandbox', `tier ${tier}: ${reason}`),
    uidBase === null
      ? warn(
          'users',
          "tasks run as the platform's own user: they can read what it can read",
          'for code that you do not trust, run the platform as root: tasks then get users of their own',
        )
      : ok('users', `each task slot has a user of its own, from uid ${uidBase} on`),
    cgroups === null
      ? warn(
          'cgroups',
          'memory and processes of a task are limited for each of its processes only',
          'run the platform as root on a machine with cgroups, or delegate them to its user (systemd: Delegate=yes)',
        )
      : ok('cgroups', `version ${cgroups} limits memory, CPU and processes of a task`),
  ];
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
