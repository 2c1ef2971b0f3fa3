const PART_BYTES = 1024 * 1024;

/** Parts of 1 MiB, each made when it is asked for, at the pace of a loop that also does other things. */
export async function* manyParts(count: number): AsyncGenerator<Uint8Array> {
  for (let i = 0; i < count; i++) {
    await new Promise((resolve) => setImmediate(resolve));
    yield Buffer.alloc(PART_BYTES, i);
  }
}

/** The most memory, in bytes, that reading a body to its end held in buffers at once. */
export async function peakOf(body: AsyncIterable<Uint8Array>): Promise<number> {
  const before = process.memoryUsage().arrayBuffers;
  let peak = 0;
  for await (const part of body) {
    void part;
    peak = Math.max(peak, process.memoryUsage().arrayBuffers - before);
  }
  return peak;
}
