/*
 * An assembler: it runs once, after the app, and makes a job's output of the results of all tasks.
 *
 * TASK_RESULTS_DIR holds the results: a file that one task alone wrote has its own name, of a name that several
 * wrote each has its chunk's number in it. Whatever is written to OUTPUT_DIR is delivered. Exit code 0 means
 * success. What is printed goes to the job's logs.
 */
import { accessSync, constants, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';

function variable(name) {
  const value = process.env[name];
  if (!value) stop(`${name} is not set; the platform sets it for each task`);
  return value;
}

function directory(name, { writable = false } = {}) {
  const dir = variable(name);
  if (!statSync(dir, { throwIfNoEntry: false })?.isDirectory()) {
    stop(`${name} is '${dir}', which is not a directory`);
  }
  if (writable && !isWritable(dir)) stop(`${name} is '${dir}', which is not writable`);
  return dir;
}

function isWritable(dir) {
  try {
    accessSync(dir, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

function stop(message) {
  console.error(message);
  process.exit(1);
}

const TASK_RESULTS_DIR = directory('TASK_RESULTS_DIR');
const OUTPUT_DIR = directory('OUTPUT_DIR', { writable: true });
const PARAMS = JSON.parse(variable('ASSEMBLER_PARAMS'));

/** The results in the order of their chunks, each as its name (folders included) and its bytes. */
function* readResultFiles() {
  for (const line of readFileSync(variable('MANIFEST'), 'utf8').split('\n').filter(Boolean)) {
    for (const name of JSON.parse(line).files) {
      yield { name, content: readFileSync(path.join(TASK_RESULTS_DIR, name)) };
    }
  }
}

/** Adds a file to the output; its name may have folders in it. */
function saveOutputFile(name, content) {
  const file = path.join(OUTPUT_DIR, name);
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(file, content);
}

function main() {
  console.log(`parameters ${JSON.stringify(PARAMS)}`);
  for (const { name, content } of readResultFiles()) {
    // Your merging goes here. This delivers each result as it is.
    saveOutputFile(name, content);
  }
}

main();
