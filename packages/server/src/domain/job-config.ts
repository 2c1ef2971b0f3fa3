import { notBuilt, type JobConfigInput, type Priority } from '@bytenite/contract';

/** Refuses what a config asks for and this version cannot do: never accepted and ignored. */
export function checkConfig(config: JobConfigInput): void {
  // Tolerating none is what happens anyway.
  if (!['', '0'].includes(String(config.toleratedFailures ?? '').trim())) {
    throw notBuilt('config.toleratedFailures');
  }
  if (config.speculation === true) throw notBuilt('config.speculation');
  if ((config.retryOn ?? []).length > 0) throw notBuilt('config.retryOn');
  if ((config.failOn ?? []).length > 0) throw notBuilt('config.failOn');
  checkPriority(config.priority, 'config.priority');
}

export function checkPriority(priority: Priority | undefined, field = 'priority'): void {
  if (priority !== undefined && priority !== 'UNDEFINED') throw notBuilt(field);
}
