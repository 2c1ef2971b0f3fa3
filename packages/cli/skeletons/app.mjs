/*
 * An app: it runs once for each chunk of a job's input.
 *
 * TASK_DIR/data.bin is the chunk; whatever is written to TASK_RESULTS_DIR is its result. Exit code 0 means that
 * the chunk is done; anything else, and the platform tries again. What is printed goes to the job's logs.
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

const TASK_DIR = directory('TASK_DIR', { writable: true });
const TASK_RESULTS_DIR = directory('TASK_RESULTS_DIR', { writable: true });
const PARAMS = JSON.parse(variable('APP_PARAMS'));

/** The chunk of this task, as bytes. */
function readChunk() {
  return readFileSync(path.join(TASK_DIR, 'data.bin'));
}

/** Adds a file to the results; its name may have folders in it. */
function writeTaskResult(name, content) {
  const file = path.join(TASK_RESULTS_DIR, name);
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(file, content);
}

function main() {
  const chunk = readChunk();
  console.log(`${chunk.length} bytes, parameters ${JSON.stringify(PARAMS)}`);
  // Your work goes here. This passes the chunk on as it is.
  writeTaskResult('result.bin', chunk);
}

main();
