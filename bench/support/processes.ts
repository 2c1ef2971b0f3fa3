/** What the kernel knows of processes: CPU time, memory, children. Linux only. */
import { readdirSync, readFileSync } from 'node:fs';

/** Ticks of the times in /proc/<pid>/stat; the same on every Linux that Node runs on. */
const TICKS_PER_SECOND = 100;

export interface CpuTimes {
  /** User and system seconds of the process itself, ended threads included. */
  own: number;
  /** Those of children that ended and were waited for, and of their children. */
  children: number;
}

interface Stat extends CpuTimes {
  parent: number;
}

export function cpuTimes(pid: number | 'self'): CpuTimes {
  const { own, children } = stat(pid);
  return { own, children };
}

function stat(pid: number | 'self'): Stat {
  const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
  // The name in parentheses may hold anything; fields are counted from behind it.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  const seconds = (i: number) => Number(fields[i]) / TICKS_PER_SECOND;
  return {
    parent: Number(fields[1]),
    own: seconds(11) + seconds(12),
    children: seconds(13) + seconds(14),
  };
}

/** Children by parent, of all processes there are. */
function childrenByParent(): Map<number, number[]> {
  const result = new Map<number, number[]>();
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    try {
      const { parent } = stat(Number(name));
      const list = result.get(parent) ?? [];
      result.set(parent, list);
      list.push(Number(name));
    } catch {
      // It has ended meanwhile.
    }
  }
  return result;
}

/** The process and its descendants, down to `depth` generations below it. */
export function processTree(pid: number, depth = Number.POSITIVE_INFINITY): number[] {
  const children = childrenByParent();
  const tree: number[] = [];
  let generation = [pid];
  for (let level = 0; level <= depth && generation.length > 0; level++) {
    tree.push(...generation);
    generation = generation.flatMap((parent) => children.get(parent) ?? []);
  }
  return tree;
}

/** Peak resident memory of a process so far, in MiB. */
export function peakMemoryMiB(pid: number): number {
  return kibibytes(readFileSync(`/proc/${pid}/status`, 'utf8'), 'VmHWM') / 1024;
}

export interface ProcessMemory {
  command: string;
  pssMiB: number;
}

/**
 * Proportional set size of each process: shared pages are counted once over all that share them.
 * @public
 */
export function memoryOf(pids: readonly number[]): ProcessMemory[] {
  return pids.map((pid) => ({
    command: readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').join(' ').trim(),
    pssMiB: kibibytes(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'), 'Pss') / 1024,
  }));
}

function kibibytes(text: string, field: string): number {
  const match = new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(text);
  if (match === null) throw new Error(`no ${field} in\n${text}`);
  return Number(match[1]);
}
