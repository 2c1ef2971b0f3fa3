/** For calls that take long: Node's own fetch gives up a reply that has not begun after five minutes. */
import { Agent, fetch } from 'undici';

const dispatcher = new Agent({ headersTimeout: 0, bodyTimeout: 0 });

/** Ends by its signal alone, which every call of the client gives it. */
export const patientFetch = ((input: string, init: object) =>
  fetch(input, { ...init, dispatcher })) as unknown as typeof globalThis.fetch;
