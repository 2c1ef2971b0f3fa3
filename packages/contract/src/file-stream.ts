/**
 * The input of a task as one stream of frames: a JSON line (a BundleEntry), then that many bytes.
 * Nothing in it grows with the number of files, so an assembler's 100,000 inputs are one request.
 * Paths are relative to the attempt's folder: `source/<name>`, `task/data.bin`, `results/<path>`,
 * `manifest.jsonl`. The last line is `{"end":true}`: a stream without it was cut.
 */
import type { BundleEntry } from './bundle.ts';

/** A frame's line may not be longer than this many bytes. */
export const FRAME_LINE_LIMIT = 16 * 1024;

/** The line that opens a file's frame. */
export function encodeFrameLine(entry: BundleEntry): string {
  return `${JSON.stringify({ path: entry.path, size: entry.size, sha256: entry.sha256 })}\n`;
}

export const END_FRAME = '{"end":true}\n';

/** Folders and files of an attempt that the server fills. */
export const INPUT_PATHS = {
  source: 'source',
  chunk: 'task/data.bin',
  results: 'results',
  manifest: 'manifest.jsonl',
} as const;
