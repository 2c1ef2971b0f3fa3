/**
 * `npm run pack:client`: the client package as one file that installs anywhere, `dist/bytenite-client-<version>.tgz`.
 * It carries what it needs with it (docs/decisions/0014), so that an installation asks no registry for anything.
 */
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { fail, step } from './lib/progress.js';
import { root, run } from './lib/run.js';

const CLIENT = path.join(root, 'packages/client');
const CONTRACT = path.join(root, 'packages/contract');
const ZOD = path.join(root, 'node_modules/zod');

/**
 * Packs the build into a folder and returns the file.
 *
 * @param {string} target
 */
export async function packClient(target) {
  const stage = await mkdtemp(path.join(tmpdir(), 'bytenite-pack-'));
  try {
    await stageClient(stage);
    await mkdir(target, { recursive: true });
    const args = ['pack', '--silent', '--ignore-scripts', '--pack-destination', target];
    const name = (await run('npm', args, { cwd: stage })).trim();
    return path.join(target, name);
  } finally {
    await rm(stage, { recursive: true, force: true });
  }
}

/** @param {string} stage */
async function stageClient(stage) {
  const manifest = await readManifest(CLIENT);
  const { private: _, ...shown } = manifest;
  // npm packs what is bundled from the package's own node_modules, and a workspace has it elsewhere.
  const bundleDependencies = Object.keys(manifest.dependencies);
  await writeManifest(stage, { ...shown, bundleDependencies });
  await cp(path.join(CLIENT, 'README.md'), path.join(stage, 'README.md'));
  await cp(path.join(root, 'LICENSE'), path.join(stage, 'LICENSE'));
  await copyBuild(CLIENT, stage);

  const contract = path.join(stage, 'node_modules/@bytenite/contract');
  await mkdir(contract, { recursive: true });
  const { name, version, type, license, exports, dependencies } = await readManifest(CONTRACT);
  await writeManifest(contract, {
    name,
    version,
    type,
    license,
    // The documents are made elsewhere, and what makes them is not packed.
    exports: { '.': exports['.'] },
    dependencies: { zod: dependencies.zod },
  });
  await copyBuild(CONTRACT, contract);
  const isNeeded = (/** @type {string} */ file) => path.relative(ZOD, file) !== 'src';
  await cp(ZOD, path.join(stage, 'node_modules/zod'), { recursive: true, filter: isNeeded });
}

/**
 * Modules and types; not what maps them to sources, which are not there.
 *
 * @param {string} from
 * @param {string} to
 */
async function copyBuild(from, to) {
  const filter = (/** @type {string} */ file) =>
    !/(?:\.map|\.tsbuildinfo)$|openapi|^examples\./.test(path.basename(file));
  await cp(path.join(from, 'dist'), path.join(to, 'dist'), { recursive: true, filter });
}

/** @param {string} folder */
async function readManifest(folder) {
  return JSON.parse(await readFile(path.join(folder, 'package.json'), 'utf8'));
}

/**
 * @param {string} folder
 * @param {object} manifest
 */
async function writeManifest(folder, manifest) {
  await writeFile(path.join(folder, 'package.json'), `${JSON.stringify(manifest, null, 2)}\n`);
}

async function main() {
  const file = await step('Packing the client', () => packClient(path.join(root, 'dist')));
  process.stdout.write(`  ${path.relative(root, file)}\n`);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await main().catch(fail);
