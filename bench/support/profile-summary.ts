/** Where the time went, from V8 CPU profiles: functions by the time spent in them alone. */
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

interface CpuProfile {
  nodes: {
    id: number;
    callFrame: { functionName: string; url: string; lineNumber: number };
    children?: number[];
  }[];
  samples: number[];
  timeDeltas: number[];
}

interface Spent {
  name: string;
  selfMs: number;
}

/** One line a function, the most expensive first, for each profile in a folder. */
export function summarizeProfiles(dir: string, lines = 25): string {
  return readdirSync(dir)
    .filter((name) => name.endsWith('.cpuprofile'))
    .map((name) => `${name}\n${summary(path.join(dir, name), lines)}`)
    .join('\n\n');
}

function summary(file: string, lines: number): string {
  const spent = selfTimes(JSON.parse(readFileSync(file, 'utf8')) as CpuProfile);
  const busy = spent.filter(({ name }) => name !== '(idle)');
  const total = busy.reduce((sum, { selfMs }) => sum + selfMs, 0);
  return [
    `${total.toFixed(0)} ms busy`,
    ...busy
      .slice(0, lines)
      .map(
        ({ name, selfMs }) =>
          `${((selfMs / total) * 100).toFixed(1).padStart(5)}% ${selfMs.toFixed(0).padStart(6)} ms  ${name}`,
      ),
  ].join('\n');
}

function selfTimes({ nodes, samples, timeDeltas }: CpuProfile): Spent[] {
  const names = new Map(
    nodes.map(({ id, callFrame: { functionName, url, lineNumber } }) => {
      const place = url === '' ? '' : ` ${url.split('/').slice(-3).join('/')}:${lineNumber + 1}`;
      return [id, `${functionName || '(anonymous)'}${place}`];
    }),
  );
  const times = new Map<string, number>();
  samples.forEach((id, i) => {
    const name = names.get(id) ?? '?';
    times.set(name, (times.get(name) ?? 0) + (timeDeltas[i] ?? 0) / 1000);
  });
  return [...times]
    .map(([name, selfMs]) => ({ name, selfMs }))
    .toSorted((a, b) => b.selfMs - a.selfMs);
}
