/** The platform in each of its tiers, with warm starts and without. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { pushComponent } from '../../../tests/support/components.ts';
import {
  cpuPerTask,
  endOfJob,
  fetchResults,
  platformCpu,
  runJob,
  startMeasured,
  type Platform,
} from '../platform.ts';
import { medians } from '../statistics.ts';
import { linesOf, type Case } from './cases.ts';
import type { FirstTask, Measured } from './measured.ts';

export const TIERS = ['process', 'namespace'] as const;
export type Tier = (typeof TIERS)[number];

/** Each Python task anew, or as a fork of a loaded one. */
export const STARTS = ['cold', 'warm'] as const;
export type Start = (typeof STARTS)[number];

const FLAGS: Record<Start, string[]> = {
  cold: ['--no-warm-starts'],
  warm: ['--warm-starts'],
};

export interface Variant {
  name: string;
  tier: Tier;
  starts: Start;
  platform: Platform;
}

const PARTITIONER = `import os
source, target = os.environ["SOURCE_DIR"], os.environ["CHUNKS_DIR"]
for i, line in enumerate(open("%s/%s" % (source, os.listdir(source)[0]))):
    with open("%s/data_%d.bin" % (target, i), "w") as chunk:
        chunk.write(line)
`;

export async function startVariant(
  tier: Tier,
  starts: Start,
  cases: readonly Case[],
  profileDir: string | null,
): Promise<Variant> {
  const platform = await startMeasured({ sandbox: tier, profileDir, runnerArgs: FLAGS[starts] });
  await pushComponent(platform, { name: 'lines', type: 'partitioner', main: PARTITIONER });
  for (const { name, script, preload } of cases) {
    const platformConfig = { container: 'python:3.12-slim', preload };
    const manifest = { platform_config: platformConfig };
    await pushComponent(platform, { name, type: 'app', main: script, manifest });
  }
  return { name: `${tier}, ${starts}`, tier, starts, platform };
}

/** A source with one line for each task of a case, at `/` and the case's name. */
export async function serveSources(
  cases: readonly Case[],
): Promise<{ url: string; server: Server }> {
  const texts = new Map(cases.map(({ name, tasks }) => [`/${name}`, linesOf(tasks).join('')]));
  const server = createServer((request, response) => response.end(texts.get(request.url ?? '')));
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  return { server, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
}

export async function runVariant(
  { platform }: Variant,
  what: Case,
  sources: string,
): Promise<Measured> {
  const before = platformCpu(platform);
  const request = {
    app: what.name,
    partitioner: 'lines',
    dataSource: { dataSourceDescriptor: 'url', params: { url: `${sources}/${what.name}` } },
    dataDestination: { dataSourceDescriptor: 'bucket' },
  };
  const { id, whole } = await runJob(platform, request, what.tasks);
  const cpu = cpuPerTask(before, platformCpu(platform), what.tasks);
  const { files } = await fetchResults(platform, id);
  for (const [i, line] of linesOf(what.tasks).entries()) {
    const result = files.get(`result_${i}.txt`);
    if (result !== what.resultOf(line)) throw new Error(`line ${i} gave ${result}`);
  }
  const own = cpu.server + cpu.runner + cpu.launcher;
  return {
    tasksPerSecond: what.tasks / whole,
    ownCpuMsPerTask: own,
    serverCpuMsPerTask: cpu.server,
    runnerCpuMsPerTask: cpu.runner,
    launcherCpuMsPerTask: cpu.launcher,
    totalCpuMsPerTask: own + cpu.tasks,
  };
}

interface Draft {
  job: { id: string };
}

interface Tasks {
  data: { stateTimestamps: Record<string, string> }[];
}

/** Of jobs with one task, one after another, after one that does not count. */
export async function measureFirstTask(
  { platform }: Variant,
  what: Case,
  jobs: number,
): Promise<FirstTask> {
  const times: FirstTask[] = [];
  for (let i = 0; i <= jobs; i++) {
    const request = { app: what.name, dataSource: { dataSourceDescriptor: 'bypass' }, run: true };
    const postedAt = Date.now();
    const { job } = await platform.call<Draft>('POST', '/v1/customer/jobs', request);
    const { state, errorMessage, stateTimestamps } = await endOfJob(platform, job.id);
    if (state !== 'JOB_STATE_COMPLETE') throw new Error(`${state}: ${errorMessage}`);
    const { data } = await platform.call<Tasks>('GET', `/v1/customer/jobs/${job.id}/tasks`);
    const at = { ...stateTimestamps, ...data[0]?.stateTimestamps };
    const after = (name: string) => Date.parse(at[name] ?? '') - postedAt;
    if (i === 0) continue;
    times.push({
      partitionedMs: after('JOB_STATE_PARTITIONED'),
      assignedMs: after('TASK_STATE_ASSIGNED'),
      receivedMs: after('TASK_STATE_RECEIVED'),
      firstTaskMs: after('TASK_STATE_RUNNING'),
    });
  }
  return medians(times.map((time) => ({ ...time })));
}
