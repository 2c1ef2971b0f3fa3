import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { isAlive } from '../platform/local-platform.ts';

/** A process that is told apart from a later one with the same pid. */
export interface ProcessIdentity {
  pid: number;
  /** When it started, in whatever form the system has; `''` where that cannot be learned. */
  startedAt: string;
}

export function identify(pid: number): ProcessIdentity {
  return { pid, startedAt: startOf(pid) };
}

/** Whether the very process still runs. */
export function isRunning({ pid, startedAt }: ProcessIdentity): boolean {
  return isAlive(pid) && startOf(pid) === startedAt;
}

function startOf(pid: number): string {
  try {
    return process.platform === 'linux' ? linuxStartOf(pid) : otherStartOf(pid);
  } catch {
    return '';
  }
}

/** Ticks since the boot, and which boot. */
function linuxStartOf(pid: number): string {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  // The second field is the program's name, which may hold anything; the 22nd is the start.
  const afterName = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  // A zombie runs nothing any more, and waits for a parent that may never look.
  return afterName[0] === 'Z' ? 'ended' : `${boot} ${afterName[19]}`;
}

function otherStartOf(pid: number): string {
  return execFileSync('ps', ['-o', 'lstart=', '-p', String(pid)], { encoding: 'utf8' }).trim();
}
