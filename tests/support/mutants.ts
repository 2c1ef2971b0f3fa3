/**
 * Bugs to plant: small edits of the compiled server, each undoing one of its guards. A mutant is a copy inside
 * the server's package, so that its imports resolve.
 */
import { cp, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';

const SERVER = path.resolve(import.meta.dirname, '../../packages/server');

export interface Edit {
  file: string;
  /** Must occur exactly once, else the mutant would test nothing. */
  find: string;
  replace: string;
}

export interface PlantedBug {
  name: string;
  what: string;
  edits: readonly Edit[];
}

export interface Mutant {
  program: string;
  dispose: () => Promise<void>;
}

export async function buildMutant({ name, edits }: PlantedBug): Promise<Mutant> {
  const dir = path.join(SERVER, '.mutants', `${name}-${process.pid}`);
  await rm(dir, { recursive: true, force: true });
  await mkdir(path.dirname(dir), { recursive: true });
  await cp(path.join(SERVER, 'dist'), dir, { recursive: true });
  for (const edit of edits) {
    const code = await readTarget(dir, name, edit);
    await writeFile(
      path.join(dir, edit.file),
      code.replace(edit.find, () => edit.replace),
    );
  }
  return {
    program: path.join(dir, 'main.js'),
    dispose: () => rm(dir, { recursive: true, force: true }),
  };
}

/** Throws where a bug has lost its place in the build. */
export async function checkPlaces({ name, edits }: PlantedBug): Promise<void> {
  for (const edit of edits) await readTarget(path.join(SERVER, 'dist'), name, edit);
}

async function readTarget(dir: string, name: string, { file, find }: Edit): Promise<string> {
  const code = await readFile(path.join(dir, file), 'utf8');
  const count = code.split(find).length - 1;
  if (count !== 1) throw new Error(`${name}: "${find}" occurs ${count} times in ${file}`);
  return code;
}
