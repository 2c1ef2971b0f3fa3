import { invalid, type JobConfigInput } from '@bytenite/contract';
import { isOutcome, NAMEABLE_REASONS } from './outcomes.ts';
import { parseTolerance } from './tolerance.ts';

/** Refuses what makes no sense. */
export function checkConfig(config: JobConfigInput): void {
  checkTolerance(config.toleratedFailures);
  checkOutcomes('retryOn', config.retryOn);
  checkOutcomes('failOn', config.failOn);
}

function checkTolerance(tolerated: string | number | undefined): void {
  if (parseTolerance(String(tolerated ?? '')) !== null) return;
  const description = `must be a number of chunks such as 3, or a percentage such as "2%"; it is ${JSON.stringify(tolerated)}`;
  throw invalid(`config.toleratedFailures ${description}`, [
    { field: 'config.toleratedFailures', description },
  ]);
}

function checkOutcomes(name: 'retryOn' | 'failOn', list: readonly (string | number)[] = []): void {
  const wrong = list.find((entry) => !isOutcome(entry));
  if (wrong === undefined) return;
  const description = `must hold exit codes from 1 to 255 and reasons (${NAMEABLE_REASONS.join(', ')}); ${JSON.stringify(wrong)} is neither`;
  throw invalid(`config.${name} ${description}`, [{ field: `config.${name}`, description }]);
}
