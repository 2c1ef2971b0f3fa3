/** Jobs of different shapes, given to a server that may die at any moment, and what must come out. */
import { createHash } from 'node:crypto';
import { callLimits, callUntilAnswered, untilAnswered, type Caller } from './calls.ts';
import type { TaskRow } from './database.ts';
import type { Random } from './random.ts';
import type { SourceServer } from './source-server.ts';

const RETRY_MS = 30;
/** Kills included, a job that is run again comes to its end within this time. */
const RETRIED_MS = 180_000;

interface Shape {
  source: 'url' | 'file' | 'bypass';
  splits: boolean;
  joins: boolean;
  delivers: boolean;
  /** Makes chunks and results larger than what fits into a message. */
  isLarge: boolean;
}

const SHAPES: readonly Shape[] = [
  { source: 'bypass', splits: false, joins: false, delivers: true, isLarge: false },
  { source: 'url', splits: true, joins: true, delivers: true, isLarge: false },
  { source: 'file', splits: true, joins: true, delivers: true, isLarge: true },
  { source: 'bypass', splits: true, joins: false, delivers: true, isLarge: false },
  { source: 'file', splits: false, joins: true, delivers: true, isLarge: false },
  { source: 'url', splits: false, joins: false, delivers: true, isLarge: true },
  { source: 'bypass', splits: true, joins: true, delivers: false, isLarge: false },
];

export interface WorkJob {
  /** Of a job that the server is to name: what the server said, once it has. */
  id: string;
  /** What the client calls it, whatever its id. */
  label: string;
  isNamed: boolean;
  shape: Shape;
  lines: string[];
  /** Repetitions of a line in each chunk, in each result. */
  chunkRepeat: number;
  resultRepeat: number;
  failing: number[];
  seconds: number;
  /**
   * `breaks`: one chunk always fails; `tolerates`: as that, and the job may do without it; `retried`: chunks
   * fail once, and a client runs the job again until it is complete; `aborted`: by a client; `overdue`: takes
   * longer than its jobTimeout.
   */
  fate: 'completes' | 'breaks' | 'tolerates' | 'retried' | 'aborted' | 'overdue';
  /** Whatever has a key is sent twice at once. */
  isTwice: boolean;
  /** The server has said yes to run it. */
  isAcknowledged: boolean;
  /** So often it has said yes to run it again. */
  retries: number;
}

/** Lines of about 80 and 100 bytes: what comes of it is larger than 64 KiB. */
const LARGE_REPEAT = 1500;

/** In turn; not as many as there are shapes, so that each fate meets each shape. */
const FATES: readonly WorkJob['fate'][] = [
  'completes',
  'retried',
  'completes',
  'tolerates',
  'breaks',
  'completes',
  'retried',
  'aborted',
  'completes',
  'overdue',
];
/** What components exit with where they are told to fail. */
export const EXIT_BY_DESIGN = 3;
const OVERDUE_SECONDS = 3;
/** Long enough to be cut off where the job is to end early. */
const SECONDS: Partial<Record<WorkJob['fate'], number>> = { breaks: 1, aborted: 1, overdue: 120 };
/** Fates in which a chunk fails in every attempt. */
const BROKEN: readonly WorkJob['fate'][] = ['breaks', 'tolerates'];

export function makeJob(random: Random, id: string, number: number): WorkJob {
  const shape = SHAPES[number % SHAPES.length] as Shape;
  const count = random.int(1, 4);
  const fate = FATES[number % FATES.length] ?? 'completes';
  return {
    id,
    label: id,
    isNamed: number % 3 !== 0,
    shape,
    lines: Array.from({ length: count }, (_, i) => `line ${i} of ${id}, ${random.int(0, 1e9)}`),
    chunkRepeat: shape.isLarge ? LARGE_REPEAT : 1,
    resultRepeat: shape.isLarge ? LARGE_REPEAT : 1,
    failing: [0, 1, 2, 3].filter((chunk) =>
      random.chance(fate !== 'retried' ? 0.25 : chunk === 0 ? 1 : 0.5),
    ),
    seconds: SECONDS[fate] ?? random.int(0, 25) / 100,
    fate,
    isTwice: number % 4 === 0,
    isAcknowledged: false,
    retries: 0,
  };
}

/** Does what a client does that does not give up: every call is repeated until it is answered. */
export async function submitJob(
  platform: Caller,
  sources: SourceServer,
  job: WorkJob,
): Promise<void> {
  const { source, splits, joins, delivers } = job.shape;
  const content = sourceText(job);
  if (source === 'url') sources.put(job.label, content);
  const order = {
    ...(job.isNamed && { jobId: job.id }),
    name: job.label,
    app: 'kill-work',
    ...(splits && { partitioner: 'kill-split' }),
    ...(joins && { assembler: 'kill-join' }),
    dataSource: {
      dataSourceDescriptor: source,
      ...(source === 'url' && { params: { url: sources.url(job.label) } }),
    },
    dataDestination: { dataSourceDescriptor: delivers ? 'bucket' : 'bypass' },
    params: paramsOf(job),
    config: configOf(job.fate),
  };
  const create = { key: `create ${job.label}`, isTwice: job.isTwice };
  const created = await callUntilAnswered(platform, 'POST', '/v1/customer/jobs', order, create);
  job.id = (created.body as { job: { id: string } }).job.id;
  if (source === 'file') await upload(platform, job, tempUrlOf(created.body), content);
  const run = `/v1/customer/jobs/${job.id}/run`;
  const once = { key: `run ${job.label}`, isTwice: job.isTwice };
  await callUntilAnswered(platform, 'POST', run, {}, once);
  job.isAcknowledged = true;
}

function configOf(fate: WorkJob['fate']) {
  return {
    maxTaskRetries: 8,
    // A runner that stands still has late tasks: they get a second attempt beside the first.
    speculation: fate === 'completes',
    // What fails by design ends with this; what the platform did to an attempt is tried again.
    ...((BROKEN.includes(fate) || fate === 'retried') && { failOn: [EXIT_BY_DESIGN] }),
    toleratedFailures: fate === 'tolerates' ? 1 : '',
    ...(fate === 'overdue' && { jobTimeout: OVERDUE_SECONDS }),
  };
}

/** Runs a job again whenever it has failed, until it is complete; no call has its effect twice. */
export async function retryUntilComplete(platform: Caller, job: WorkJob): Promise<void> {
  const route = `/v1/customer/jobs/${job.id}`;
  const deadline = Date.now() + RETRIED_MS;
  for (;;) {
    const { body } = await callUntilAnswered(platform, 'GET', route);
    const { state } = (body as { job: { state: string } }).job;
    if (state === 'JOB_STATE_COMPLETE' || Date.now() > deadline) return;
    if (state === 'JOB_STATE_FAILED') {
      const once = { key: `retry ${job.label} ${job.retries}`, isTwice: job.isTwice };
      await callUntilAnswered(platform, 'POST', `${route}/retry`, {}, once);
      job.retries += 1;
    }
    await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
  }
}

/** Aborts a job, which may have ended before. */
export async function abortJob(platform: Caller, job: WorkJob): Promise<void> {
  const route = `/v1/customer/jobs/${job.id}/abort`;
  await callUntilAnswered(platform, 'POST', route, {}, { isDone: 'already ended' });
}

/** What a job of this fate may be when it has ended: its state and reason. */
export function mayEndAs({ fate }: WorkJob): string[] {
  if (fate === 'breaks') return ['FAILED TASK_FAILED'];
  if (fate === 'overdue') return ['FAILED JOB_TIMEOUT'];
  return fate === 'aborted' ? ['FAILED ABORTED', 'COMPLETE NONE'] : ['COMPLETE NONE'];
}

function sourceText(job: WorkJob): string {
  const text = `${job.lines.join('\n')}\n`;
  return job.shape.splits ? text : text.repeat(job.chunkRepeat);
}

function paramsOf({ shape, lines, seconds, chunkRepeat, resultRepeat, failing, fate }: WorkJob) {
  const breaks = BROKEN.includes(fate);
  const generated = shape.source === 'bypass' ? { lines } : {};
  return {
    ...(shape.splits && { partitioner: { seconds, repeat: chunkRepeat, ...generated } }),
    app: { seconds, repeat: resultRepeat, failing: breaks ? [] : failing, broken: breaks ? 0 : -1 },
    ...(shape.joins && { assembler: { seconds } }),
  };
}

function tempUrlOf(created: unknown): string {
  return (created as { job: { dataSource: { params: { tempUrl: string } } } }).job.dataSource.params
    .tempUrl;
}

async function upload(platform: Caller, job: WorkJob, url: string, body: string): Promise<void> {
  await untilAnswered(() => fetch(url, { method: 'PUT', body, ...callLimits() }));
  const route = `/v1/customer/jobs/${job.id}/uploadcompleted`;
  await callUntilAnswered(platform, 'PATCH', route, {});
}

/** Files that a job must have delivered, given the attempts that the database says have won. */
export function expectedFiles(job: WorkJob, tasks: readonly TaskRow[]): Map<string, string> {
  const winnerOf = (kind: TaskRow['kind'], chunk: number) => {
    // Engines have a task in each run that came to them; the last one counts.
    const ofTask = tasks.filter((row) => row.kind === kind && row.chunk === chunk);
    const task = ofTask.toSorted((a, b) => b.run - a.run)[0];
    if (task?.winner == null) throw new Error(`${job.id}: ${kind} ${chunk} has no winner`);
    return task.winner;
  };
  const parts = chunksOf(job, winnerOf).map((content, chunk) => {
    if (isLost(job, chunk)) return null;
    const digest = createHash('sha256').update(content).digest('hex');
    const line = `chunk ${chunk} attempt ${winnerOf('APP', chunk)} saw ${digest}\n`;
    return line.repeat(job.resultRepeat);
  });
  if (!job.shape.delivers) return new Map();
  if (job.shape.joins) {
    const head = `joined by ${winnerOf('ASSEMBLER', 0)}\n`;
    return new Map([['all.txt', head + parts.map((part, i) => part ?? `missing ${i}\n`).join('')]]);
  }
  const written = parts.flatMap((content, chunk) => (content === null ? [] : [{ content, chunk }]));
  const name = (chunk: number) => (written.length === 1 ? 'part.txt' : `part_${chunk}.txt`);
  return new Map(written.map(({ content, chunk }) => [name(chunk), content]));
}

/** The chunk that a job does without. */
function isLost({ fate }: WorkJob, chunk: number): boolean {
  return fate === 'tolerates' && chunk === 0;
}

/** How many chunks a job that is complete must have lost, and how often it was run. */
export function expectedCounts({ fate, retries }: WorkJob): { failed: number; run: number } {
  return { failed: fate === 'tolerates' ? 1 : 0, run: 1 + retries };
}

function chunksOf(
  job: WorkJob,
  winnerOf: (kind: TaskRow['kind'], chunk: number) => number,
): string[] {
  if (job.shape.splits) {
    const by = winnerOf('PARTITIONER', 0);
    return job.lines.map((line) => `split by ${by}: ${line}\n`.repeat(job.chunkRepeat));
  }
  return [job.shape.source === 'bypass' ? 'dummy_file' : sourceText(job)];
}
