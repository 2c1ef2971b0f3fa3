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
  for (const { file, find, replace } of edits) {
    const target = path.join(dir, file);
    const code = await readFile(target, 'utf8');
    const count = code.split(find).length - 1;
    if (count !== 1) throw new Error(`${name}: "${find}" occurs ${count} times in ${file}`);
    await writeFile(
      target,
      code.replace(find, () => replace),
    );
  }
  return {
    program: path.join(dir, 'main.js'),
    dispose: () => rm(dir, { recursive: true, force: true }),
  };
}
