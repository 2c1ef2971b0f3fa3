/*
 * A partitioner: it runs once, before the app, and cuts a job's input into chunks.
 *
 * SOURCE_DIR holds the input files; each file that is written to CHUNKS_DIR becomes one task of the app. Exit
 * code 0 means success. What is printed goes to the job's logs.
 */
import {
  accessSync,
  constants,
  existsSync,
  readdirSync,
  readFileSync,
  statSync,
  writeFileSync,
} from 'node:fs';
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

const SOURCE_DIR = directory('SOURCE_DIR');
const CHUNKS_DIR = directory('CHUNKS_DIR', { writable: true });
const PARAMS = JSON.parse(variable('PARTITIONER_PARAMS'));

/** The input files one after the other, each as its name (folders included) and its bytes. */
function* readSourceFiles() {
  for (const name of readdirSync(SOURCE_DIR, { recursive: true }).sort()) {
    const file = path.join(SOURCE_DIR, name);
    if (statSync(file).isFile()) yield { name, content: readFileSync(file) };
  }
}

let nextChunk = 0;

/** Saves a chunk as the next free data_<i>.bin, and returns i. */
function saveChunk(content) {
  const fileOf = (index) => path.join(CHUNKS_DIR, `data_${index}.bin`);
  while (existsSync(fileOf(nextChunk))) nextChunk += 1;
  writeFileSync(fileOf(nextChunk), content);
  return nextChunk;
}

function main() {
  console.log(`parameters ${JSON.stringify(PARAMS)}`);
  for (const { name, content } of readSourceFiles()) {
    // Your cutting goes here. This makes each file one chunk.
    const index = saveChunk(content);
    console.log(`${name} is chunk ${index}`);
  }
}

main();
