const DEADLINE_MS = 20_000;
const POLL_MS = 10;

/** Waits until `look` finds something, which it returns; fails after a while. */
export async function waitFor<T>(
  what: string,
  look: () => T | Promise<T>,
): Promise<NonNullable<T>> {
  const deadline = performance.now() + DEADLINE_MS;
  for (;;) {
    const found = await look();
    if (found !== undefined && found !== null && found !== false) return found;
    if (performance.now() > deadline) throw new Error(`waited in vain for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}
