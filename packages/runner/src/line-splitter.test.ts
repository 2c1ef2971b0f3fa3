import { expect, test } from 'vitest';
import { LINE_LIMIT_BYTES, LineSplitter } from './line-splitter.ts';
import { createRedactor } from './redact.ts';

function split(...chunks: (string | Buffer)[]): string[] {
  const lines: string[] = [];
  const splitter = new LineSplitter((line) => lines.push(line));
  for (const chunk of chunks) splitter.add(Buffer.from(chunk), 0);
  splitter.end(0);
  return lines;
}

test('lines are put together over chunks, carriage returns stay in them', () => {
  expect(split('a\nb', 'c\r', 'd\n', '\n', 'end')).toEqual(['a', 'bc\rd', '', 'end']);
});

test('a character cut by a chunk arrives whole, broken ones are replaced, NUL is gone', () => {
  const bytes = Buffer.from('grün\n');
  expect(split(bytes.subarray(0, 3), bytes.subarray(3))).toEqual(['grün']);
  expect(split(Buffer.from([0x61, 0xff, 0x00, 0x62, 0x0a]))).toEqual(['a\ufffdb']);
});

test('a long line is split between characters', () => {
  const text = 'ä'.repeat(LINE_LIMIT_BYTES);
  const lines = split(`x${text}\n`);
  expect(lines.join('')).toBe(`x${text}`);
  for (const line of lines) expect(Buffer.byteLength(line)).toBeLessThanOrEqual(LINE_LIMIT_BYTES);
  expect(lines.join('')).not.toContain('\ufffd');
});

test('a secret that lies across the split is still hidden', () => {
  const secretKey = 'a-secret-of-some-length';
  const redactor = createRedactor([
    { id: 's', secretType: '', name: '', accessKey: '', secretKey, expiresAt: null, params: {} },
  ]);
  for (let before = LINE_LIMIT_BYTES - secretKey.length; before <= LINE_LIMIT_BYTES; before++) {
    const lines: string[] = [];
    const splitter = new LineSplitter(
      (line) => lines.push(redactor.redact(line)),
      (text, cut) => redactor.cutBefore(text, cut),
      redactor.longestBytes,
    );
    splitter.add(Buffer.from('.'.repeat(before) + secretKey + '.'.repeat(100)), 0);
    splitter.end(0);
    expect(lines.join('')).toBe(`${'.'.repeat(before)}***${'.'.repeat(100)}`);
  }
});
