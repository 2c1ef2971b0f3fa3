import type { CreateJobInput, JobConfigInput, Priority } from '@bytenite/contract';

/**
 * What was asked for of a job, over its config's, over its template's. `UNDEFINED` asks for nothing: who wants
 * the usual in spite of a template asks for `BALANCED`.
 */
export function priorityOf(
  input: Pick<CreateJobInput, 'priority' | 'config'>,
  template: { config: JobConfigInput } | null,
): Priority {
  const asked = [input.priority, input.config?.priority, template?.config.priority];
  return (
    asked.find((priority) => priority !== undefined && priority !== 'UNDEFINED') ?? 'UNDEFINED'
  );
}

/** The job's row has the priority; its document does not say it a second time. */
export function withoutPriority(config: JobConfigInput): JobConfigInput {
  const { priority, ...others } = config;
  return priority === undefined ? config : others;
}
