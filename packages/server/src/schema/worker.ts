import { parentPort } from 'node:worker_threads';

import { DIALECTS, compileSchema } from './compile-schema.ts';
import type { SchemaAnswer, SchemaCall } from './protocol.ts';
import type { ThreadMessage } from './thread.ts';
import { toViolations } from './violations.ts';

// The program of the worker thread: schemas of users compile and run here and nowhere else.

// The first schema would otherwise pay for what every schema needs.
for (const { id } of DIALECTS) compileSchema(JSON.stringify({ $schema: id, type: 'object' }));

parentPort?.on('message', (call: SchemaCall) => {
  send({ kind: 'started' });
  send({ kind: 'done', answer: answer(call) });
});

function send(message: ThreadMessage<SchemaAnswer>): void {
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread, not a window
  parentPort?.postMessage(message);
}

function answer({ schema, value }: SchemaCall): SchemaAnswer {
  const compiled = compileSchema(schema);
  if ('problems' in compiled) return { problems: compiled.problems, violations: [] };
  if (value === null) return { problems: [], violations: [] };
  let data: unknown;
  try {
    data = JSON.parse(value);
  } catch {
    return { problems: [], violations: [{ path: '', message: 'is not valid JSON' }] };
  }
  try {
    const isValid = compiled.validate(data);
    const violations = isValid ? [] : toViolations(compiled.validate.errors ?? [], data);
    return { problems: [], violations };
  } catch (error) {
    const message = error instanceof RangeError ? 'is nested too deeply' : 'cannot be checked';
    return { problems: [], violations: [{ path: '', message }] };
  }
}
