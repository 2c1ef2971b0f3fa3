import { createClient, followJob } from '@bytenite/client';
import { describe, expect, it } from 'vitest';
import { eventLine, jobObject, serveApi, type Route } from '../testing/fake-api.ts';
import { followLines } from './follow-lines.ts';

const NEVER = new AbortController().signal;
const JOB = 'GET /v1/computing/jobs/j';
const EVENTS = 'GET /v1/computing/events';
const LOGS = 'POST /v1/computing/logs';

function line(log: string, second: number) {
  return { log, timestamp: `2026-02-03T09:14:0${second}.000Z`, level: 'UNKNOWN', container: '' };
}

function logEvent(id: number, log: string, second: number): string {
  const data = { taskId: 't', service: 'TASKRUNNER', line: line(log, second) };
  return eventLine('log.appended', id, data);
}

function jobEvent(id: number, state: string): string {
  return eventLine('job.updated', id, { job: jobObject(state) });
}

/** A stream that stays open after what it has to say. */
function stream(...lines: string[]): Route {
  return (response) => void response.write(lines.join('') || '\n');
}

async function statesOf(routes: Record<string, Route>): Promise<string[]> {
  const client = createClient({ baseUrl: (await serveApi(routes)).url });
  const states: string[] = [];
  for await (const { state } of followJob(client, 'j', NEVER)) states.push(state);
  return states;
}

async function linesOf(routes: Record<string, Route>): Promise<string[]> {
  const client = createClient({ baseUrl: (await serveApi(routes)).url });
  const texts: string[] = [];
  for await (const { line } of followLines(client, { jobId: 'j' }, NEVER)) texts.push(line.log);
  return texts;
}

describe('following a job', () => {
  it('begins with its present state and ends with the job', async () => {
    const states = await statesOf({
      [JOB]: { job: jobObject('STARTED'), templateInfo: templateInfo() },
      [EVENTS]: stream(jobEvent(1, 'PARTITIONED'), jobEvent(2, 'COMPLETE')),
    });
    expect(states).toEqual(['JOB_STATE_STARTED', 'JOB_STATE_PARTITIONED', 'JOB_STATE_COMPLETE']);
  });

  it('leaves nothing behind that would keep the process from ending', async () => {
    // Timers of the test runner may end meanwhile.
    const timers = () =>
      process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;
    const before = timers();
    let closed: Promise<void> | undefined;
    await statesOf({
      [JOB]: { job: jobObject('STARTED'), templateInfo: templateInfo() },
      [EVENTS]: (response) => {
        closed = new Promise((resolve) => response.on('close', resolve));
        response.write(jobEvent(1, 'COMPLETE'));
      },
    });
    await closed;
    expect(timers()).toBeLessThanOrEqual(before);
  });

  it('sees its end also when no event tells of it', async () => {
    let looks = 0;
    const states = await statesOf({
      [JOB]: (response) => {
        looks += 1;
        const job = jobObject(looks === 1 ? 'DOWNLOADING' : 'COMPLETE');
        response.end(JSON.stringify({ job, templateInfo: templateInfo() }));
      },
      [EVENTS]: stream(),
    });
    expect(states).toEqual(['JOB_STATE_DOWNLOADING', 'JOB_STATE_COMPLETE']);
  });

  it('begins anew when the events it missed can no longer be replayed', async () => {
    let connections = 0;
    const states = await statesOf({
      [JOB]: { job: jobObject('STARTED'), templateInfo: templateInfo() },
      [EVENTS]: (response) => {
        connections += 1;
        if (connections === 1) return void response.end(jobEvent(1, 'PARTITIONED'));
        if (connections === 2) return void response.end('{"error":{"code":11,"message":"old"}}\n');
        response.write(jobEvent(9, 'FAILED'));
      },
    });
    expect(states.at(-1)).toBe('JOB_STATE_FAILED');
    expect(connections).toBe(3);
  });

  it('fails when there is no such job', async () => {
    await expect(statesOf({ [EVENTS]: stream() })).rejects.toMatchObject({ kind: 'NOT_FOUND' });
  });
});

describe('following lines', () => {
  it('gives each line once, those before, those that come both ways, and those stored late', async () => {
    let reads = 0;
    const logs = [line('a', 1), line('a', 1), line('b', 2)];
    const lines = await linesOf({
      [JOB]: { job: jobObject('PARTITIONED'), templateInfo: templateInfo() },
      [EVENTS]: stream(
        logEvent(1, 'b', 2),
        logEvent(2, 'c', 3),
        logEvent(3, 'c', 3), // printed twice within a millisecond: two lines
        jobEvent(4, 'COMPLETE'),
      ),
      [LOGS]: (response) => {
        reads += 1;
        const late = reads === 1 ? [] : [line('c', 3), line('c', 3), line('d', 4)];
        const taskrunner = { t: { logs: [...logs, ...late] } };
        response.end(JSON.stringify({ partitioner: [], assembler: [], taskrunner }));
      },
    });
    expect(lines).toEqual(['a', 'a', 'b', 'c', 'c', 'd']);
  });
});

function templateInfo(): object {
  return { id: '', owner: '', description: '', app: '', partitioner: '', assembler: '' };
}
