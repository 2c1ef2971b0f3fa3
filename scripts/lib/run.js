/** Child processes for the scripts. Node built-ins only: this runs before anything is installed. */
import { spawn } from 'node:child_process';
import path from 'node:path';

export const root = path.resolve(import.meta.dirname, '../..');
export const cache = path.join(root, '.cache');

/** A command that ended with another exit code than 0, with all it printed. */
export class CommandError extends Error {
  /**
   * @param {string} command
   * @param {string} ending
   * @param {string} output
   */
  constructor(command, ending, output) {
    super(`\`${command}\` ${ending}`);
    this.output = output;
  }
}

/**
 * Runs a command in the project's root and returns what it printed on stdout.
 *
 * @param {string} command
 * @param {readonly string[]} args
 * @param {{ env?: NodeJS.ProcessEnv, cwd?: string, signal?: AbortSignal, uid?: number, gid?: number }} [options]
 * @returns {Promise<string>}
 */
export function run(command, args, options = {}) {
  const { env = process.env, cwd = root, ...rest } = options;
  const line = [command, ...args].join(' ');
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd, env, ...rest, stdio: ['ignore', 'pipe', 'pipe'] });
    let stdout = '';
    let output = '';
    child.stdout.setEncoding('utf8').on('data', (text) => {
      stdout += text;
      output += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text) => (output += text));
    child.once('error', (error) => {
      reject(new CommandError(line, `did not start: ${error.message}`, output));
    });
    child.once('close', (code, signal) => {
      if (code === 0) resolve(stdout);
      else reject(new CommandError(line, `ended with ${signal ?? `exit code ${code}`}`, output));
    });
  });
}

/**
 * Runs a command that talks to the user itself, and returns its exit code.
 *
 * @param {string} command
 * @param {readonly string[]} args
 * @param {{ env?: NodeJS.ProcessEnv, signal?: AbortSignal }} [options]
 * @returns {Promise<number>}
 */
export function show(command, args, options = {}) {
  const { env = process.env, signal } = options;
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      cwd: root,
      env,
      signal,
      stdio: ['ignore', 'inherit', 'inherit'],
    });
    child.once('error', reject);
    child.once('close', (code) => resolve(code ?? 1));
  });
}

/**
 * The path of a tool that `npm ci` installed.
 *
 * @param {string} name
 */
export function tool(name) {
  return path.join(root, 'node_modules/.bin', name);
}
