import type { ExplainCode } from '@bytenite/contract';

/** One thing that keeps a job or a task from running, in words and in numbers. */
export interface Reason {
  code: ExplainCode;
  message: string;
  details: Record<string, string>;
}

export function reason(
  code: ExplainCode,
  message: string,
  details: Record<string, string | number> = {},
): Reason {
  const texts = Object.entries(details).map(([name, value]) => [name, String(value)]);
  return { code, message, details: Object.fromEntries(texts) as Record<string, string> };
}

export function secondsWords(ms: number): string {
  return `${Math.max(1, Math.ceil(ms / 1000))} s`;
}

export function countWords(count: number, one: string, many = `${one}s`): string {
  return `${count.toLocaleString('en-US')} ${count === 1 ? one : many}`;
}
