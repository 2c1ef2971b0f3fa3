/** A line of a program's log as people read it; what is no line of JSON stays as it is. */
import { escapeBlock, printable } from '../terminal/escape.ts';
import { paintError } from '../terminal/style.ts';

const LEVELS: Record<number, string> = {
  10: 'trace',
  20: 'debug',
  30: 'info',
  40: 'warn',
  50: 'error',
  60: 'fatal',
};
const COLOURS = { warn: 'yellow', error: 'red', fatal: 'red' } as const;
/** Said once by the program's name, or of no use on one machine. */
const LEFT_OUT = new Set(['level', 'time', 'pid', 'hostname', 'name', 'msg', 'err']);

export function formatLogLine(line: string): string {
  const entry = parse(line);
  if (entry === undefined) return printable(line);
  const { level, time, name, msg, err } = entry;
  const word = LEVELS[Number(level)] ?? String(level);
  const fields = Object.entries(entry)
    .filter(([key]) => !LEFT_OUT.has(key))
    .map(([key, value]) => `${key}=${textOf(value)}`);
  const label = word.padEnd(5);
  const parts = [
    new Date(Number(time)).toISOString().slice(11, 23),
    word in COLOURS ? paintError(COLOURS[word as keyof typeof COLOURS], label) : label,
    printable(textOf(name)).padEnd(6),
    printable([textOf(msg), ...fields].join(' ')),
  ];
  return parts.join(' ') + stackOf(err);
}

function stackOf(err: unknown): string {
  if (typeof err !== 'object' || err === null) return '';
  const { stack, message } = err as { stack?: unknown; message?: unknown };
  const text = typeof stack === 'string' ? stack : String(message);
  return `\n${escapeBlock(text).replace(/^/gm, '    ')}`;
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : (JSON.stringify(value) ?? '');
}

function parse(line: string): Record<string, unknown> | undefined {
  try {
    const entry: unknown = JSON.parse(line);
    const isEntry = typeof entry === 'object' && entry !== null && 'level' in entry;
    const isTimed = isEntry && 'time' in entry && Number.isFinite(Number(entry.time));
    return isTimed ? entry : undefined;
  } catch {
    return undefined;
  }
}
