/** The launcher's frames, see launcher/frames.py. */
const HEADER_BYTES = 16;

export const FRAME = { ready: 1, started: 2, output: 3, dropped: 4, exited: 5, lost: 6 } as const;

export interface Frame {
  kind: number;
  stream: number;
  run: number;
  atMs: number;
  payload: Buffer;
}

/** Cuts the launcher's bytes into frames; throws when they are none. */
export class FrameReader {
  private rest: Buffer = Buffer.alloc(0);

  *read(chunk: Buffer): Generator<Frame> {
    const bytes = this.rest.length === 0 ? chunk : Buffer.concat([this.rest, chunk]);
    let offset = 0;
    while (bytes.length - offset >= HEADER_BYTES) {
      const length = bytes.readUInt16BE(offset);
      if (length < HEADER_BYTES) throw new Error('the launcher sent no frame');
      if (bytes.length - offset < length) break;
      yield {
        kind: bytes.readUInt8(offset + 2),
        stream: bytes.readUInt8(offset + 3),
        run: bytes.readUInt32BE(offset + 4),
        atMs: bytes.readDoubleBE(offset + 8) * 1000,
        payload: bytes.subarray(offset + HEADER_BYTES, offset + length),
      };
      offset += length;
    }
    this.rest = bytes.subarray(offset);
  }
}
