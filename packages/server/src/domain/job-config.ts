import { invalid, notBuilt, type JobConfigInput, type Priority } from '@bytenite/contract';
import { parseTolerance } from './tolerance.ts';

/** Refuses what makes no sense, and what this version cannot do: never accepted and ignored. */
export function checkConfig(config: JobConfigInput): void {
  checkTolerance(config.toleratedFailures);
  if (config.speculation === true) throw notBuilt('config.speculation');
  if ((config.retryOn ?? []).length > 0) throw notBuilt('config.retryOn');
  if ((config.failOn ?? []).length > 0) throw notBuilt('config.failOn');
  checkPriority(config.priority, 'config.priority');
}

export function checkPriority(priority: Priority | undefined, field = 'priority'): void {
  if (priority !== undefined && priority !== 'UNDEFINED') throw notBuilt(field);
}

function checkTolerance(tolerated: string | number | undefined): void {
  if (parseTolerance(String(tolerated ?? '')) !== null) return;
  const description = `must be a number of chunks such as 3, or a percentage such as "2%"; it is ${JSON.stringify(tolerated)}`;
  throw invalid(`config.toleratedFailures ${description}`, [
    { field: 'config.toleratedFailures', description },
  ]);
}
