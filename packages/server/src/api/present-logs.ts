import type { LogLine, WireLogLine } from '@bytenite/contract';
import type { BlobStore } from '../blob/blob-store.ts';
import type { JobLogs } from '../engine/jobs/log-filter.ts';
import { readLine } from '../engine/jobs/read-logs.ts';
import type { FoundLine } from '../engine/jobs/newest-lines.ts';
import { streamReply } from './stream-reply.ts';
import { timestampOf } from './time.ts';

export function presentLine(line: LogLine): WireLogLine {
  return { log: line.m, timestamp: timestampOf(line.t), level: line.l, container: line.c };
}

/** So much is put together before other requests have their turn. */
const PIECE_CHARS = 64 * 1024;

/**
 * The reply as it is written: a page of the longest lines would else hold up everybody. `next` is told
 * to who reads page by page.
 */
export function streamLogs(blobs: BlobStore, logs: JobLogs, next?: string): Response {
  return streamReply(inPieces(encode(blobs, logs, next)), { 'content-type': 'application/json' });
}

async function* inPieces(parts: AsyncIterable<string>): AsyncGenerator<string, void> {
  let piece = '';
  for await (const part of parts) {
    piece += part;
    if (piece.length < PIECE_CHARS) continue;
    yield piece;
    piece = '';
  }
  yield piece;
}

async function* encode(
  blobs: BlobStore,
  logs: JobLogs,
  next: string | undefined,
): AsyncGenerator<string> {
  yield '{"partitioner":';
  yield* encodeLines(blobs, logs.partitioner);
  yield ',"assembler":';
  yield* encodeLines(blobs, logs.assembler);
  yield ',"taskrunner":{';
  for (const [i, { taskId, lines }] of logs.taskrunner.entries()) {
    yield `${i === 0 ? '' : ','}${JSON.stringify(taskId)}:{"logs":`;
    yield* encodeLines(blobs, lines);
    yield '}';
  }
  yield next === undefined ? '}}' : `},"next":${JSON.stringify(next)}}`;
}

async function* encodeLines(blobs: BlobStore, lines: readonly FoundLine[]): AsyncGenerator<string> {
  yield '[';
  for (const [i, line] of lines.entries()) {
    const text = JSON.stringify(presentLine(await readLine(blobs, line)));
    yield i === 0 ? text : `,${text}`;
  }
  yield ']';
}
