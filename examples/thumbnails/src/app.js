/** Makes one image small, keeping its name; PNG stays PNG, everything else becomes JPEG. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { Jimp } from 'jimp';
import { directory, fail, variable } from './environment.js';

async function main() {
  const { size = 160, quality = 80 } = JSON.parse(variable('APP_PARAMS'));
  const name = variable('CHUNK_NAME');
  const image = await Jimp.read(readFileSync(path.join(directory('TASK_DIR'), 'data.bin')));
  const before = `${image.width}x${image.height}`;
  // Never larger than it was.
  if (Math.max(image.width, image.height) > size) image.scaleToFit({ w: size, h: size });
  const isPng = /\.png$/i.test(name);
  const thumbnail = isPng
    ? await image.getBuffer('image/png')
    : await image.getBuffer('image/jpeg', { quality });
  const { dir, name: stem } = path.parse(name);
  const folder = path.join(directory('TASK_RESULTS_DIR'), dir);
  mkdirSync(folder, { recursive: true });
  writeFileSync(path.join(folder, `${stem}.${isPng ? 'png' : 'jpg'}`), thumbnail);
  console.log(`${name}: ${before} to ${image.width}x${image.height}, ${thumbnail.length} bytes`);
}

main().catch((error) => fail(`${variable('CHUNK_NAME')}: ${error.message}`));
