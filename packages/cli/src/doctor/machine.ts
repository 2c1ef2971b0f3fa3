/** The machine itself: system, Node, clock. */
import { availableParallelism, release, totalmem } from 'node:os';
import { stat } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { formatBytes, plural } from '../terminal/format.ts';
import { fail, ok, warn, type Check } from './check.ts';

/** The oldest Node that all parts run on, as package.json says. */
const OLDEST_NODE = [20, 19] as const;

export async function checkMachine(): Promise<Check[]> {
  return [checkSystem(), checkNode(process.versions.node), await checkClock(Date.now())];
}

function checkSystem(): Check {
  const size = `${plural(availableParallelism(), 'CPU')}, ${formatBytes(totalmem())} of memory`;
  const words = `${process.platform} ${release()} on ${process.arch}, ${size}`;
  if (process.platform === 'linux') return ok('system', words);
  return warn(
    'system',
    words,
    'tasks run on Linux only: start runners there, or in a virtual machine',
  );
}

export function checkNode(version: string): Check {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const [oldestMajor, oldestMinor] = OLDEST_NODE;
  if (major > oldestMajor || (major === oldestMajor && minor >= oldestMinor)) {
    return ok('node', `v${version}, ${process.execPath}`);
  }
  return fail(
    'node',
    `v${version} is too old`,
    `install Node ${OLDEST_NODE.join('.')} or later: https://nodejs.org`,
  );
}

/** A clock cannot be right that lies before this very program was built. */
export async function checkClock(now: number): Promise<Check> {
  const { mtimeMs } = await stat(fileURLToPath(import.meta.url));
  const time = new Date(now).toISOString();
  if (now >= mtimeMs) return ok('clock', time);
  return fail(
    'clock',
    `${time} lies before the day this program was installed`,
    'set the clock, best by NTP: timedatectl set-ntp true',
  );
}
