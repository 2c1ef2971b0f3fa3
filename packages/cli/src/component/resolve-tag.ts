import { stat } from 'node:fs/promises';
import path from 'node:path';
import { UsageError } from '../errors.ts';
import { checkManifest, MANIFEST_FILE } from './check-manifest.ts';
import { refuseProblems } from './problem.ts';
import { readManifestText } from './read-folder.ts';

/** A tag as it is; a component's folder in its place, or the current folder when none is given, by its manifest. */
export async function resolveTag(tagOrFolder: string | undefined): Promise<string> {
  const folder = tagOrFolder ?? '.';
  if (!(await isComponent(folder))) {
    if (tagOrFolder === undefined) throw nothingNamed();
    if (!isPath(tagOrFolder)) return tagOrFolder;
  }
  const { problems, manifest } = checkManifest(await readManifestText(folder));
  refuseProblems(path.join(folder, MANIFEST_FILE), problems);
  return `${manifest?.name}@${manifest?.version}`;
}

function nothingNamed(): UsageError {
  return new UsageError('no app or engine is named', {
    fix: ['give its tag (name or name@version), or go to the folder with its manifest.json'],
  });
}

async function isComponent(folder: string): Promise<boolean> {
  const found = await stat(path.join(folder, MANIFEST_FILE)).catch(() => undefined);
  return found?.isFile() ?? false;
}

function isPath(text: string): boolean {
  return text.includes('/') || text.startsWith('.');
}
