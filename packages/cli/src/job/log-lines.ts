import type { LogsInput, WireLogLine } from '@bytenite/contract';
import type { CallReply, Client } from '@bytenite/client';
import { printableLine } from '../terminal/escape.ts';
import { paint } from '../terminal/style.ts';

/** A line with where it is from. */
export interface JobLine {
  /** `''` for the engines' lines of the logs call, which names no task there. */
  taskId: string;
  service: string;
  line: WireLogLine;
}

/** So many of each stage's lines a reply holds where no limit is asked for: the newest. */
export const DEFAULT_LINES = 10_000;
const TIMEOUT_MS = 120_000;

export async function readLines(client: Client, body: LogsInput): Promise<JobLine[]> {
  const reply = await client.call('Customer_Logs', { body }, { timeoutMs: TIMEOUT_MS });
  return inOrder(reply);
}

/** All lines, the oldest page first; one page is held at a time. */
export async function* readAllLines(
  client: Client,
  filter: LogsInput,
): AsyncGenerator<JobLine, void, undefined> {
  for (let after = '0'; after !== '';) {
    const body = { ...filter, after };
    const reply = await client.call('Customer_Logs', { body }, { timeoutMs: TIMEOUT_MS });
    yield* inOrder(reply);
    after = reply.next ?? '';
  }
}

/** Whether the newest lines of a stage are so many that there may be older ones. */
export function mayHaveOlder(lines: readonly JobLine[]): boolean {
  const counts = new Map<string, number>();
  for (const { service } of lines) counts.set(service, (counts.get(service) ?? 0) + 1);
  return [...counts.values()].some((count) => count >= DEFAULT_LINES);
}

function inOrder(reply: CallReply<'Customer_Logs'>): JobLine[] {
  return flatten(reply).sort((a, b) => Date.parse(a.line.timestamp) - Date.parse(b.line.timestamp));
}

function flatten(reply: CallReply<'Customer_Logs'>): JobLine[] {
  const engine = (service: string, lines: WireLogLine[]) =>
    lines.map((line) => ({ taskId: '', service, line }));
  const tasks = Object.entries(reply.taskrunner).flatMap(([taskId, { logs }]) =>
    logs.map((line) => ({ taskId, service: 'TASKRUNNER', line })),
  );
  return [
    ...engine('PARTITIONER', reply.partitioner),
    ...tasks,
    ...engine('ASSEMBLER', reply.assembler),
  ];
}

/** What makes two lines the same one: the call and the stream both bring those that are just written. */
export function lineKey({ taskId, service, line }: JobLine): string {
  const task = service === 'TASKRUNNER' ? taskId : '';
  return JSON.stringify([service, task, line.timestamp, line.log]);
}

/** `10:14:41.023 INFO  chunk 3     | counted 5000 lines`; raw leaves the text as it was printed. */
export function formatLine(source: string, line: WireLogLine, raw: boolean): string {
  const date = new Date(line.timestamp);
  const time = `${date.toTimeString().slice(0, 8)}.${String(date.getMilliseconds()).padStart(3, '0')}`;
  const level = line.level === 'UNKNOWN' ? '' : line.level;
  const head = `${time} ${level.padEnd(5)} ${printableLine(source).padEnd(SOURCE_WIDTH)}`;
  const text = raw ? line.log : printableLine(line.log);
  return `${paint('dim', head)} | ${paintLevel(line.level, text)}`;
}

const SOURCE_WIDTH = 'partitioner'.length;

function paintLevel(level: WireLogLine['level'], text: string): string {
  switch (level) {
    case 'ERROR':
    case 'FATAL':
    case 'PANIC':
      return paint('red', text);
    case 'WARN':
      return paint('yellow', text);
    default:
      return text;
  }
}
