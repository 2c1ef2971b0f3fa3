/** Task processes on this machine, found by the variables that every task is given. */
import { readdir, readFile } from 'node:fs/promises';

export interface TaskProcess {
  pid: number;
  /** Tells a process from a later one of the same pid. */
  startTime: string;
  jobId: string;
  attempt: string;
  command: string;
}

export async function taskProcesses(isOurs: (jobId: string) => boolean): Promise<TaskProcess[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name)).map(Number);
  const found = await Promise.all(pids.map((pid) => taskProcess(pid)));
  return found.filter((process) => process !== null && isOurs(process.jobId)) as TaskProcess[];
}

async function taskProcess(pid: number): Promise<TaskProcess | null> {
  try {
    const variables = (await readFile(`/proc/${pid}/environ`, 'utf8')).split('\0');
    const valueOf = (name: string) =>
      variables.find((entry) => entry.startsWith(`${name}=`))?.slice(name.length + 1);
    const jobId = valueOf('JOB_ID');
    if (jobId === undefined) return null;
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    // A zombie has ended; its parent will notice.
    if (fields[0] === 'Z') return null;
    const command = (await readFile(`/proc/${pid}/cmdline`, 'utf8')).replaceAll('\0', ' ').trim();
    const attempt = valueOf('ATTEMPT') ?? '';
    return { pid, startTime: fields[19] ?? '', jobId, attempt, command };
  } catch {
    // It ended while it was looked at, or it is another user's.
    return null;
  }
}

export function sameProcess(a: TaskProcess, b: TaskProcess): boolean {
  return a.pid === b.pid && a.startTime === b.startTime;
}

export function describeProcess({ pid, jobId, attempt, command }: TaskProcess): string {
  return `process ${pid} (${command}) of job ${jobId}, attempt ${attempt}`;
}
