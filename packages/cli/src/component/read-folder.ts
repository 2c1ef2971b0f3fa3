import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { CliError } from '../errors.ts';
import { checkManifest, MANIFEST_FILE, type Manifest } from './check-manifest.ts';
import { collectFiles, type PackageFile } from './collect-files.ts';
import { parseJsonFile } from './json-file.ts';
import { refuseProblems, type Problem } from './problem.ts';

export interface ComponentFolder {
  folder: string;
  manifest: Manifest;
  files: PackageFile[];
  /** Text of template.json, where there is one. */
  template: string | undefined;
}

export const TEMPLATE_FILE = 'template.json';
const SCHEMA_FILE = 'schema.json';

/** Reads and checks a component's folder; throws all that is wrong with it at once. */
export async function readFolder(
  folder: string,
  checkMore: (found: { manifest: Manifest | undefined; template: string | undefined }) => Problem[],
): Promise<ComponentFolder> {
  const source = await readManifestText(folder);
  const { problems, manifest } = checkManifest(source);
  const { files, problems: fileProblems } = await collectFiles(folder);
  const template = await readOptional(folder, files, TEMPLATE_FILE);
  const schema = await readOptional(folder, files, SCHEMA_FILE);
  problems.push(...fileProblems, ...checkEntrypoint(manifest, files), ...checkSchema(schema));
  problems.push(...checkMore({ manifest, template }));
  refuseProblems(`${folder} cannot be pushed`, problems);
  if (manifest === undefined) throw new Error('a manifest without problems is there');
  return { folder, manifest, files, template };
}

/** The text of a folder's manifest; says what is missing where there is none. */
export async function readManifestText(folder: string): Promise<string> {
  try {
    return await readFile(path.join(folder, MANIFEST_FILE), 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') throw noComponent(folder);
    throw error;
  }
}

function noComponent(folder: string): CliError {
  return new CliError(`${folder} is not the folder of an app or engine`, {
    why: [`there is no ${path.join(folder, MANIFEST_FILE)}`],
    fix: ['name the folder that holds manifest.json', 'or make a new one: bytenite app new NAME'],
  });
}

async function readOptional(
  folder: string,
  files: readonly PackageFile[],
  name: string,
): Promise<string | undefined> {
  if (!files.some((file) => file.path === name)) return undefined;
  return readFile(path.join(folder, name), 'utf8');
}

/** It lies in app/, or beside it. */
function checkEntrypoint(manifest: Manifest | undefined, files: readonly PackageFile[]): Problem[] {
  if (manifest === undefined) return [];
  const { entrypoint } = manifest;
  const places = [`app/${entrypoint}`, entrypoint].map((place) => path.posix.normalize(place));
  if (files.some((file) => places.includes(file.path))) return [];
  const message = `names ${JSON.stringify(entrypoint)}, but there is no app/${entrypoint}`;
  return [{ file: MANIFEST_FILE, key: 'entrypoint', message }];
}

function checkSchema(schema: string | undefined): Problem[] {
  if (schema === undefined) return [];
  const parsed = parseJsonFile(SCHEMA_FILE, schema, 'strict');
  if ('problems' in parsed) return parsed.problems;
  const isSchema = parsed.tree.type === 'object' || parsed.tree.type === 'boolean';
  return isSchema
    ? []
    : [{ file: SCHEMA_FILE, key: '', message: 'must be a JSON Schema: an object' }];
}
