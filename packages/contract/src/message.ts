/**
 * A message is a JSON header and a tail of raw bytes: `u32 length | header | tail` (big endian).
 * Ranges in the header point into the tail, so many small results travel in one body unencoded.
 */
const LENGTH_BYTES = 4;

const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { fatal: true });

/** Encodes a message; the tail's parts are concatenated in order. */
export function encodeMessage(header: unknown, tail: readonly Uint8Array[] = []): Uint8Array {
  const head = encoder.encode(JSON.stringify(header));
  const size = tail.reduce((sum, part) => sum + part.byteLength, LENGTH_BYTES + head.byteLength);
  const bytes = new Uint8Array(size);
  new DataView(bytes.buffer).setUint32(0, head.byteLength);
  bytes.set(head, LENGTH_BYTES);
  let offset = LENGTH_BYTES + head.byteLength;
  for (const part of tail) {
    bytes.set(part, offset);
    offset += part.byteLength;
  }
  return bytes;
}

/** Decodes a message; throws RangeError or SyntaxError when it is cut or broken. */
export function decodeMessage(bytes: Uint8Array): { header: unknown; tail: Uint8Array } {
  if (bytes.byteLength < LENGTH_BYTES) throw new RangeError('message is cut before its header');
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const end = LENGTH_BYTES + view.getUint32(0);
  if (end > bytes.byteLength) throw new RangeError('message is cut inside its header');
  const header: unknown = JSON.parse(decoder.decode(bytes.subarray(LENGTH_BYTES, end)));
  return { header, tail: bytes.subarray(end) };
}

/** The bytes of a range; throws RangeError when it leaves the tail. */
export function tailSlice(tail: Uint8Array, range: { offset: number; length: number }): Uint8Array {
  const end = range.offset + range.length;
  if (end > tail.byteLength) throw new RangeError('range leaves the message tail');
  return tail.subarray(range.offset, end);
}
