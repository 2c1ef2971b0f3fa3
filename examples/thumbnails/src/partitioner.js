/**
 * Takes the images out of the zip files in SOURCE_DIR; an image that comes without a zip is taken as it is.
 * Every file in CHUNKS_DIR becomes a task, which is told its name.
 */
import {
  closeSync,
  createReadStream,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { Unzip, UnzipInflate } from 'fflate';
import { directory, fail } from './environment.js';

const IMAGE = /\.(jpe?g|png|gif|bmp|tiff?)$/i;
/** What a few bytes of zip can unpack to has no end: an image larger than this is none. */
const MAX_IMAGE_BYTES = 64 * 1024 * 1024;
const MAX_IMAGES = 100_000;

const chunksDir = directory('CHUNKS_DIR');
let images = 0;

/**
 * @param {string} name as the zip has it
 * @param {Uint8Array[]} parts
 */
function save(name, parts) {
  // Neither `..` nor a leading slash leads out of the folder.
  const file = path.join(chunksDir, path.posix.join('/', name.replaceAll('\\', '/')));
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(file, Buffer.concat(parts));
  images += 1;
  if (images > MAX_IMAGES) fail(`there are more than ${MAX_IMAGES} images`);
}

/** @param {string} file */
async function unzip(file) {
  const reader = new Unzip((entry) => {
    if (!IMAGE.test(entry.name) || /(^|\/)(__MACOSX\/|\._)/.test(entry.name)) return;
    /** @type {Uint8Array[]} */
    const parts = [];
    let bytes = 0;
    entry.ondata = (error, part, isLast) => {
      if (error)
        fail(`${entry.name} in ${path.basename(file)} cannot be unpacked: ${error.message}`);
      bytes += part.length;
      if (bytes > MAX_IMAGE_BYTES)
        fail(`${entry.name} unpacks to more than ${MAX_IMAGE_BYTES} bytes`);
      parts.push(part);
      if (isLast) save(entry.name, parts);
    };
    entry.start();
  });
  reader.register(UnzipInflate);
  for await (const part of createReadStream(file)) reader.push(part, false);
  reader.push(new Uint8Array(), true);
}

/** @param {string} file */
function isZip(file) {
  const start = Buffer.alloc(4);
  const fd = openSync(file, 'r');
  readSync(fd, start);
  closeSync(fd);
  return start.equals(Buffer.from('PK\u0003\u0004'));
}

async function main() {
  const sourceDir = directory('SOURCE_DIR');
  for (const entry of readdirSync(sourceDir, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const file = path.join(entry.parentPath ?? entry.path, entry.name);
    if (isZip(file)) await unzip(file);
    else if (IMAGE.test(entry.name)) save(path.relative(sourceDir, file), [readFileSync(file)]);
    else console.error(`${entry.name} is neither a zip file nor an image`);
  }
  if (images === 0) fail('the source has no images');
  console.log(`${images} images`);
}

main().catch((error) => fail(error.stack));
