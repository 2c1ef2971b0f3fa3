import { statSync } from 'node:fs';

/** @param {string} name */
export function variable(name) {
  const value = process.env[name];
  if (value === undefined) fail(`${name} is not set; the platform sets it for each task`);
  return value;
}

/** @param {string} name */
export function directory(name) {
  const path = variable(name);
  if (!statSync(path, { throwIfNoEntry: false })?.isDirectory()) {
    fail(`${name} is ${JSON.stringify(path)}, which is not a directory`);
  }
  return path;
}

/**
 * @param {string} message
 * @returns {never}
 */
export function fail(message) {
  console.error(message);
  process.exit(1);
}
