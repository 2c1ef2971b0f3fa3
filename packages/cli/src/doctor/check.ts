/** What one look at the machine found. */
export interface Check {
  name: string;
  status: 'ok' | 'warn' | 'fail';
  message: string;
  /** What to do about it; empty where nothing is to be done. */
  fix: string;
}

export function ok(name: string, message: string): Check {
  return { name, status: 'ok', message, fix: '' };
}

export function warn(name: string, message: string, fix: string): Check {
  return { name, status: 'warn', message, fix };
}

export function fail(name: string, message: string, fix: string): Check {
  return { name, status: 'fail', message, fix };
}
