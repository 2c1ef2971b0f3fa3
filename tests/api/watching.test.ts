/** Watching a job: its tasks, its logs and the stream of events (contract 4.5, 4.6, 4.8). */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { pushComponent } from '../support/components.ts';
import { startPlatform, until, waitForJob, type Platform } from '../support/platform.ts';
import { createJob, JOBS, refusal, runJob, send } from './caller.ts';
import { openEvents } from './events.ts';

let platform: Platform;
let jobId: string;

const SPLIT = `import os
print("splitting")
for i in range(12):
    open(os.environ["CHUNKS_DIR"] + "/data_%d.bin" % i, "w").write(str(i))
`;
const COUNT = `import os, sys
print("chunk " + os.environ["CHUNK_NUMBER"])
print("warning", file=sys.stderr)
`;

beforeAll(async () => {
  platform = await startPlatform();
  await pushComponent(platform, { name: 'split', type: 'partitioner', main: SPLIT });
  await pushComponent(platform, { name: 'count', type: 'app', main: COUNT });
  await pushComponent(platform, { name: 'join', type: 'assembler', main: 'print("joining")' });
  jobId = await newJob();
  await runJob(platform, jobId);
  await waitForJob(platform, jobId);
});

afterAll(() => platform.close());

const newJob = () => createJob(platform, { app: 'count', partitioner: 'split', assembler: 'join' });

interface WireTask {
  id: string;
  kind: string;
  chunkNumber: number;
}

describe('tasks', () => {
  const list = async (query = '') =>
    (await send(platform, 'GET', `${JOBS}/${jobId}/tasks${query}`)).body as {
      pagination: object;
      data: WireTask[];
    };
  const chunksOf = (data: WireTask[]) => data.map(({ chunkNumber }) => chunkNumber);

  test('have every field', async () => {
    const { data } = await list('?kind=APP&limit=1');
    const { body } = await send(platform, 'GET', `${JOBS}/${jobId}/tasks/${data[0]?.id}`);
    expect(body).toEqual({ task: data[0] });
    const time = expect.stringMatching(/Z$/) as unknown;
    const number = expect.any(Number) as unknown;
    expect(data[0]).toEqual({
      id: expect.stringMatching(/^[0-9a-f-]{36}$/),
      jobId,
      templateId: '',
      kind: 'APP',
      state: 'TASK_STATE_COMPLETED',
      stateTimestamps: {
        TASK_STATE_SCHEDULED: time,
        TASK_STATE_ASSIGNED: time,
        TASK_STATE_RECEIVED: time,
        TASK_STATE_RUNNING: time,
        TASK_STATE_COMPLETED: time,
      },
      chunkNumber: 0,
      attempt: 1,
      assignedTo: expect.stringMatching(/./),
      createdAt: time,
      startedAt: time,
      completedAt: time,
      price: number,
      errorMessage: '',
      attempts: [
        {
          attempt: 1,
          assignedTo: expect.stringMatching(/./),
          startedAt: time,
          endedAt: time,
          exitCode: 0,
          reason: '',
          errorMessage: '',
        },
      ],
      stats: {
        cpuSeconds: number,
        maxMemoryBytes: number,
        inputBytes: number,
        outputBytes: 0,
        queueSeconds: number,
        startSeconds: number,
        transferSeconds: number,
        runSeconds: number,
      },
    });
  });

  test('come in chunk order, a page at a time', async () => {
    const all = await list();
    expect(all.pagination).toEqual({ total: 14, offset: 0, hasPrevious: false, hasNext: false });
    const apps = await list('?kind=APP&pagination.limit=5&pagination[offset]=5');
    expect(apps.pagination).toEqual({ total: 12, offset: 5, hasPrevious: true, hasNext: true });
    expect(chunksOf(apps.data)).toEqual([5, 6, 7, 8, 9]);
    expect((await list('?kind=APP&offset=100')).data).toEqual([]);
  });

  test('are filtered by kind and state, in comma lists, with or without the prefix', async () => {
    const engines = await list('?kind=PARTITIONER,ASSEMBLER');
    expect(engines.data.map(({ kind }) => kind).toSorted()).toEqual(['ASSEMBLER', 'PARTITIONER']);
    const states = await list('?state=TASK_STATE_COMPLETED,FAILED&kind=APP');
    expect(states.data).toHaveLength(12);
    expect((await list('?state=RUNNING')).data).toEqual([]);
  });

  test.each([
    'chunkNumber',
    'createdAt',
    'startedAt',
    'completedAt',
    'state',
    'price',
    'attempt',
    'duration',
  ])('are ordered by %s, both ways', async (field) => {
    const up = await list(`?kind=APP&orderBy=${field}`);
    const down = await list(`?kind=APP&orderBy=-${field}`);
    expect(up.data).toHaveLength(12);
    expect(chunksOf(down.data).toSorted((a, b) => a - b)).toEqual(
      chunksOf(up.data).toSorted((a, b) => a - b),
    );
  });

  test('are the other way round in descending order', async () => {
    const down = await list('?kind=APP&orderBy=chunk_number desc');
    expect(chunksOf(down.data)).toEqual([11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0]);
  });

  test('refuse an unknown field, state or kind; a draft has none', async () => {
    for (const query of ['orderBy=nothing', 'state=DONE', 'kind=WORKER', 'limit=x', 'offset=-1']) {
      const answer = await refusal(platform, 'GET', `${JOBS}/${jobId}/tasks?${query}`);
      expect(answer).toMatch(/^400\/3 /);
    }
    const draft = await newJob();
    expect((await send(platform, 'GET', `${JOBS}/${draft}/tasks`)).body).toEqual({
      pagination: { total: 0, offset: 0, hasPrevious: false, hasNext: false },
      data: [],
    });
    expect(await refusal(platform, 'GET', `${JOBS}/${draft}/tasks/no-such`)).toBe(
      '404/5 task not found',
    );
  });
});

describe('logs', () => {
  interface Line {
    log: string;
    timestamp: string;
    level: string;
    container: string;
  }
  interface Logs {
    partitioner: Line[];
    assembler: Line[];
    taskrunner: Record<string, { logs: Line[] }>;
  }
  const read = async (filter: object = {}) =>
    (await send(platform, 'POST', '/v1/customer/logs', { jobId, ...filter })).body as Logs;
  const appLines = (logs: Logs) => Object.values(logs.taskrunner).flatMap((task) => task.logs);
  const texts = (lines: Line[]) => lines.map(({ log }) => log);

  test('have the three keys always, and printed lines as printed', async () => {
    const logs = await read();
    expect(Object.keys(logs).toSorted()).toEqual(['assembler', 'partitioner', 'taskrunner']);
    expect(logs.partitioner).toContainEqual({
      log: 'splitting',
      timestamp: expect.stringMatching(/Z$/),
      level: 'UNKNOWN',
      container: '',
    });
    expect(Object.keys(logs.taskrunner)).toHaveLength(12);
    const times = logs.partitioner.map(({ timestamp }) => timestamp);
    expect(times).toEqual(times.toSorted());
    expect(await read({ jobId: await newJob() })).toEqual({
      partitioner: [],
      assembler: [],
      taskrunner: {},
    });
  });

  test('are filtered by service, level, task and time, and cut to the newest', async () => {
    const services = await read({ services: ['TASKRUNNER'], levels: ['UNKNOWN'] });
    expect(services).toMatchObject({ partitioner: [], assembler: [] });
    expect(appLines(services)).toHaveLength(24);
    expect(await read({ services: ['APP'], levels: ['UNKNOWN'] })).toEqual(services);
    const own = appLines(await read({ services: ['APP'], levels: ['DEBUG', 'INFO'] }));
    expect(new Set(own.map(({ container }) => container))).toEqual(new Set(['main']));
    const [taskId = ''] = Object.keys(services.taskrunner);
    const one = await read({ taskIds: [taskId], levels: ['UNKNOWN'] });
    expect(one.partitioner).toEqual([]);
    expect(Object.keys(one.taskrunner)).toEqual([taskId]);
    expect(texts(appLines(one))).toHaveLength(2);
    expect(appLines(await read({ until: '2020-01-01T00:00:00Z' }))).toEqual([]);
    expect(appLines(await read({ since: '2020-01-01T00:00:00Z', limit: 3 }))).toHaveLength(3);
  });

  test('refuse what they do not know', async () => {
    for (const filter of [{ levels: ['LOUD'] }, { services: ['WORKER'] }, { since: 'yesterday' }]) {
      const answer = await refusal(platform, 'POST', '/v1/customer/logs', { jobId, ...filter });
      expect(answer).toMatch(/^400\/3 /);
    }
    expect(await refusal(platform, 'POST', '/v1/customer/logs', {})).toMatch(/^400\/3 /);
    const unknown = { jobId: 'no-such' };
    expect(await refusal(platform, 'POST', '/v1/customer/logs', unknown)).toBe(
      '404/5 job not found',
    );
  });
});

describe('events', () => {
  test.each(['application/x-ndjson', 'text/event-stream'])('tell a job’s way as %s', async (as) => {
    const id = await newJob();
    const events = await openEvents(platform, `?jobId=${id}`, as);
    await runJob(platform, id);
    const seen = await events.until(({ data }) => data['job']?.state === 'JOB_STATE_COMPLETE');
    await events.close();
    expect(events.contentType).toBe(as);
    const names = new Set(seen.map(({ event }) => event));
    expect(names).toEqual(new Set(['job.updated', 'task.updated', 'log.appended']));
    expect(seen.every(({ data }) => data['jobId'] === id)).toBe(true);
    const types = new Set(seen.map(({ data }) => String(data['@type']).split('.').at(-1)));
    expect(types).toEqual(new Set(['JobEvent', 'TaskEvent', 'LogEvent']));
    const ids = seen.map((event) => Number(event.id));
    expect(ids).toEqual(ids.toSorted((a, b) => a - b));
  });

  test('are filtered by name, and resume after an id, in the header or the query', async () => {
    const id = await newJob();
    const events = await openEvents(platform, `?jobId=${id}&events=job.updated`);
    await platform.call('PATCH', `${JOBS}/${id}/jobname`, { name: 'First' });
    const [first] = await events.until(() => true);
    await events.close();
    expect(first?.data['job']).toMatchObject({ name: 'First' });
    await platform.call('PATCH', `${JOBS}/${id}/jobname`, { name: 'Second' });
    const header = { 'last-event-id': first?.id ?? '' };
    const resumed = [
      await openEvents(platform, `?jobId=${id}`, 'text/event-stream', header),
      await openEvents(platform, `?jobId=${id}&lastEventId=${first?.id}`),
    ];
    for (const again of resumed) {
      const [next] = await again.until(() => true);
      await again.close();
      expect(next?.data['job']).toMatchObject({ name: 'Second' });
      expect(Number(next?.id)).toBeGreaterThan(Number(first?.id));
    }
  });

  test('of no job, of an unknown name, after a broken id are refused', async () => {
    const refused = (query: string) => refusal(platform, 'GET', `/v1/customer/events${query}`);
    expect(await refused('?events=job.exploded')).toMatch(/^400\/3 /);
    expect(await refused('?lastEventId=x')).toMatch(/^400\/3 /);
    const events = await openEvents(platform, '?jobId=no-such');
    const { error } = await until(10_000, 'the error', async () => events.ended());
    expect(error).toEqual({ code: 5, message: 'job not found', details: [] });
  });
});
