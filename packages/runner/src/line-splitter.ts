/** Cuts what a task prints into lines, byte by byte, whatever pieces it arrives in. */

/** Longer lines are split (contract 8.5). */
export const LINE_LIMIT_BYTES = 64 * 1024;
const NEWLINE = 0x0a;

export class LineSplitter {
  private parts: Buffer[] = [];
  private size = 0;

  private readonly onLine: (line: string, atMs: number) => void;
  private readonly cutBefore: (text: Buffer, cut: number) => number;
  private readonly overlapBytes: number;

  /** `cutBefore` moves a split out of a secret, for which `overlapBytes` more are waited for. */
  constructor(
    onLine: (line: string, atMs: number) => void,
    cutBefore: (text: Buffer, cut: number) => number = (_text, cut) => cut,
    overlapBytes = 0,
  ) {
    this.onLine = onLine;
    this.cutBefore = cutBefore;
    this.overlapBytes = overlapBytes;
  }

  add(bytes: Buffer, atMs: number): void {
    let start = 0;
    for (let end = bytes.indexOf(NEWLINE); end >= 0; end = bytes.indexOf(NEWLINE, start)) {
      this.hold(bytes.subarray(start, end), atMs);
      this.emit(this.take(), atMs);
      start = end + 1;
    }
    if (start < bytes.length) this.hold(bytes.subarray(start), atMs);
  }

  /** The task has ended: a last line without a newline is a line. */
  end(atMs: number): void {
    if (this.size > 0) this.emit(this.take(), atMs);
  }

  private hold(bytes: Buffer, atMs: number): void {
    this.parts.push(bytes);
    this.size += bytes.length;
    if (this.size <= LINE_LIMIT_BYTES + this.overlapBytes) return;
    let rest = this.take();
    while (rest.length > LINE_LIMIT_BYTES + this.overlapBytes) {
      const cut = this.cutBefore(rest, characterStart(rest, LINE_LIMIT_BYTES));
      this.emit(rest.subarray(0, cut), atMs);
      rest = rest.subarray(cut);
    }
    // A copy: the piece must not keep the whole chunk alive.
    this.parts = [Buffer.from(rest)];
    this.size = rest.length;
  }

  private take(): Buffer {
    const whole = this.parts.length === 1 ? (this.parts[0] as Buffer) : Buffer.concat(this.parts);
    this.parts = [];
    this.size = 0;
    return whole;
  }

  private emit(line: Buffer, atMs: number): void {
    // Broken UTF-8 becomes U+FFFD; NUL is refused by some databases.
    this.onLine(line.toString('utf8').replaceAll('\0', ''), atMs);
  }
}

/** The last place at or before `at` where a UTF-8 character begins. */
function characterStart(bytes: Buffer, at: number): number {
  let start = at;
  while (start > at - 4 && ((bytes[start] ?? 0) & 0xc0) === 0x80) start--;
  return start;
}
