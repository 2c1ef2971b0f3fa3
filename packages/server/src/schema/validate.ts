import { programBeside } from '../thread-program.ts';
import { createLimitedWorker } from './limited-worker.ts';
import type { WorkerLimits } from './limited-worker.ts';
import type { SchemaAnswer, SchemaCall, Violation } from './protocol.ts';
import type { Outcome } from './thread.ts';

export type { Violation } from './protocol.ts';

/** JSON Schema for params, with the schemas of anyone who may push: they run in a worker thread with limits. */
export interface SchemaValidator {
  /** What is wrong with a schema's text; empty when nothing is. Rejects WorkerBusy under too much load. */
  check(schemaText: string): Promise<string[]>;
  /**
   * What is wrong with a value's text, at most 100 entries; a schema that cannot be used or that reaches a
   * limit gives one for the whole value. Rejects WorkerBusy under too much load.
   */
  validate(schemaText: string, valueText: string): Promise<Violation[]>;
  close(): Promise<void>;
}

const LIMITS: WorkerLimits = { timeoutMs: 250, memoryMb: 64, maxWaiting: 200 };

// Far above what people write; below what makes a single allocation too large for the worker to survive.
const MAX_SCHEMA_LENGTH = 256 * 1024;
const MAX_VALUE_LENGTH = 1024 * 1024;

/** A validator with a worker of its own, which starts with the first call. */
export function createSchemaValidator(limits: Partial<WorkerLimits> = {}): SchemaValidator {
  const effective = { ...LIMITS, ...limits };
  const worker = createLimitedWorker<SchemaCall, SchemaAnswer>(
    programBeside(import.meta.url, 'worker'),
    effective,
  );

  async function run(schema: string, value: string | null): Promise<SchemaAnswer> {
    if (schema.length > MAX_SCHEMA_LENGTH)
      return unusable(`is longer than ${MAX_SCHEMA_LENGTH} characters`);
    if (value !== null && value.length > MAX_VALUE_LENGTH) return tooLong();
    return toAnswer(await worker.call({ schema, value }), effective);
  }

  return {
    async check(schemaText) {
      return (await run(schemaText, null)).problems;
    },
    async validate(schemaText, valueText) {
      const { problems, violations } = await run(schemaText, valueText);
      return [
        ...problems.map((problem) => ({ path: '', message: `schema.json ${problem}` })),
        ...violations,
      ];
    },
    close: () => worker.close(),
  };
}

function toAnswer(outcome: Outcome<SchemaAnswer>, limits: WorkerLimits): SchemaAnswer {
  switch (outcome.kind) {
    case 'done':
      return outcome.answer;
    case 'timeout':
      return unusable(`takes longer than ${limits.timeoutMs} ms to check`);
    case 'memory':
      return unusable(`takes more than ${limits.memoryMb} MB of memory to check`);
  }
}

function unusable(problem: string): SchemaAnswer {
  return { problems: [problem], violations: [] };
}

function tooLong(): SchemaAnswer {
  return {
    problems: [],
    violations: [{ path: '', message: `is longer than ${MAX_VALUE_LENGTH} characters` }],
  };
}
