/** What the server streams to a runner: lines that say what follows, and bytes. */
import { FRAME_LINE_LIMIT } from '@bytenite/contract';
import { StageError } from './errors.ts';

const NEWLINE = 0x0a;

/** Lines and counted bytes from a stream of chunks. */
export class StreamReader {
  private readonly chunks: AsyncIterator<Uint8Array>;
  private rest: Buffer = Buffer.alloc(0);

  constructor(stream: AsyncIterable<Uint8Array>) {
    this.chunks = stream[Symbol.asyncIterator]();
  }

  async line(): Promise<string> {
    for (;;) {
      const end = this.rest.indexOf(NEWLINE);
      if (end >= 0) {
        const line = this.rest.toString('utf8', 0, end);
        this.rest = this.rest.subarray(end + 1);
        return line;
      }
      if (this.rest.length > FRAME_LINE_LIMIT) {
        throw new StageError('INPUT_FAILED', 'the input stream holds no frame where one is due');
      }
      this.rest = Buffer.concat([this.rest, await this.next()]);
    }
  }

  async bytes(size: number): Promise<Buffer> {
    if (this.rest.length < size) {
      const parts: Buffer[] = [];
      for await (const part of this.parts(size)) parts.push(part);
      return Buffer.concat(parts);
    }
    const bytes = this.rest.subarray(0, size);
    this.rest = this.rest.subarray(size);
    return bytes;
  }

  async *parts(size: number): AsyncGenerator<Buffer> {
    for (let left = size; left > 0;) {
      if (this.rest.length === 0) this.rest = await this.next();
      const part = this.rest.subarray(0, left);
      this.rest = this.rest.subarray(part.length);
      left -= part.length;
      yield part;
    }
  }

  private async next(): Promise<Buffer> {
    const { value, done } = await this.chunks.next();
    if (done) throw new StageError('INPUT_FAILED', 'the input stream was cut');
    return Buffer.from(value.buffer, value.byteOffset, value.byteLength);
  }
}
