/** Programs in TypeScript that are no tests: built for, then run as they are. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { root, tool } from './run.js';

/**
 * Sets the project up, then runs a file of it; what that prints on stdout is all that comes to stdout.
 *
 * @param {string} file
 * @param {readonly string[]} args
 * @param {readonly string[]} [before] a command that runs the command behind it
 * @returns {Promise<number>} its exit code
 */
export async function runWithTsx(file, args, before = []) {
  const setup = [process.execPath, path.join(root, 'scripts/setup.js')];
  const code = await start(setup, ['ignore', 2, 'inherit']);
  if (code !== 0) return code;
  const program = [tool('tsx'), path.join(root, file), ...args];
  return start([...before, ...program], ['ignore', 'inherit', 'inherit']);
}

/**
 * @param {readonly string[]} command
 * @param {import('node:child_process').StdioOptions} stdio
 * @returns {Promise<number>}
 */
async function start([program = '', ...args], stdio) {
  const child = spawn(program, args, { cwd: root, stdio });
  // Ctrl-C reaches the program as well, which then stops what it started.
  process.on('SIGINT', () => undefined);
  const [code] = await once(child, 'close');
  return code ?? 1;
}
