/** manifest.json: what it may say, what that means, and how it is stored (contract 9.2). */
import {
  COMPONENT_TYPES,
  syntaxTree,
  type ComponentType,
  type DeviceRequirements,
  type FieldViolation,
  type PlatformConfig,
} from '@bytenite/contract';
import { isObject, normalKey, toJsonObject, type JsonObject } from './manifest-keys.ts';
import { createReader, type Reader } from './manifest-reader.ts';
import { NAME_PATTERN, parseVersion } from './tags.ts';

/** A manifest as understood: what a revision stores, with every default filled in. */
export interface Manifest {
  name: string;
  /** `major.minor`. */
  version: string;
  type: ComponentType;
  platform: string;
  /** Path below `app/`. */
  entrypoint: string;
  description: string;
  platformConfig: PlatformConfig;
  deviceRequirements: DeviceRequirements;
}

export interface ParsedManifest {
  /** With defaults also where something is wrong. */
  manifest: Manifest;
  /** Everything that is wrong; `field` is the key as written, with the keys above it. */
  problems: FieldViolation[];
  /** The registry token, `""` without one: the manifest does not keep it. */
  token: string;
  /** The manifest as it is stored: without any spelling of `token`. */
  text: string;
}

export const DEFAULT_ENTRYPOINT = 'main.py';
/** The built-in engine; its name is nobody's. */
const RESERVED_NAME = 'passthrough';
const DEFAULT_CPU = 1;
const DEFAULT_MEMORY_GIB = 1;
/** More than anybody writes by hand; it is part of every reply that shows the component. */
const MAX_BYTES = 256 * 1024;

/** Says what JSON.parse found wrong with a text. */
export type DescribeJsonProblem = (text: string, error: unknown) => string;

/** Reads the text of a manifest.json. */
export function parseManifest(
  text: string,
  describe: DescribeJsonProblem = (_, error) => (error as Error).message,
): ParsedManifest {
  const problems: FieldViolation[] = [];
  const root = parseRoot(text, problems, describe);
  // What cannot be read lacks nothing: its keys may all be there.
  const read = createReader(root, '', root.size === 0 && problems.length > 0 ? [] : problems);
  const platformConfig = readPlatformConfig(read.section('platformConfig'));
  const manifest: Manifest = {
    name: readName(read),
    version: readVersion(read),
    type: readType(read),
    platform: readPlatform(read),
    entrypoint: readEntrypoint(read),
    description: read.text('description'),
    platformConfig,
    deviceRequirements: readDeviceRequirements(read.section('deviceRequirements', false)),
  };
  return {
    manifest: { ...manifest, platformConfig: { ...platformConfig, token: '' } },
    problems,
    token: platformConfig.token,
    text: storedText(root),
  };
}

function parseRoot(
  text: string,
  problems: FieldViolation[],
  describe: DescribeJsonProblem,
): JsonObject {
  const refused = (description: string) => {
    problems.push({ field: '', description });
    return new Map<string, unknown>();
  };
  if (Buffer.byteLength(text) > MAX_BYTES) return refused(`is larger than ${MAX_BYTES} bytes`);
  try {
    const value: unknown = JSON.parse(text);
    // What is nested too deeply could be read, but not be written again.
    syntaxTree(text);
    return isObject(value) ? toJsonObject(value) : refused('must be a JSON object');
  } catch (error) {
    if (error instanceof RangeError) return refused('is nested too deeply');
    return refused(`is not valid JSON: ${describe(text, error)}`);
  }
}

function readName(read: Reader): string {
  const name = read.required('name');
  if (name === RESERVED_NAME) read.problem('name', 'is the name of the built-in engine');
  else if (name !== '' && !NAME_PATTERN.test(name)) {
    read.problem('name', 'must be at most 64 letters, digits, "-" or "_"');
  }
  return name;
}

function readVersion(read: Reader): string {
  const version = read.required('version');
  if (version !== '' && parseVersion(version) === null) {
    read.problem('version', 'must be "major.minor", such as "0.1"');
  }
  return version;
}

function readType(read: Reader): ComponentType {
  const text = read.text('type').toLowerCase();
  const type = COMPONENT_TYPES.find((known) => known === (text || 'app'));
  if (type === undefined) read.problem('type', `must be one of ${COMPONENT_TYPES.join(', ')}`);
  return type ?? 'app';
}

function readPlatform(read: Reader): string {
  const platform = read.text('platform') || 'docker';
  if (platform !== 'docker') read.problem('platform', 'must be docker');
  return platform;
}

function readEntrypoint(read: Reader): string {
  const entrypoint = read.text('entrypoint') || DEFAULT_ENTRYPOINT;
  const segments = entrypoint.split('/');
  if (segments.some((segment) => segment === '' || segment === '.' || segment === '..')) {
    read.problem('entrypoint', 'must be a relative path inside the package');
  }
  return entrypoint;
}

function readPlatformConfig(read: Reader): PlatformConfig {
  const network = read.text('network') || 'default';
  if (network !== 'default' && network !== 'none') {
    read.problem('network', 'must be default or none');
  }
  return {
    container: read.required('container'),
    privateImage: read.flag('privateImage'),
    username: read.text('username'),
    token: read.text('token'),
    secrets: read.texts('secrets'),
    registrySecret: read.text('registrySecret'),
    network: network === 'none' ? 'none' : 'default',
    preload: readPreload(read),
    readOnlyInput: read.flag('readOnlyInput'),
  };
}

const MODULE_NAME = /^[A-Za-z_]\w*(\.[A-Za-z_]\w*)*$/;

/** Names of modules as Python's `import` takes them. */
function readPreload(read: Reader): string[] {
  const names = read.texts('preload');
  const wrong = names.find((name) => !MODULE_NAME.test(name));
  if (wrong !== undefined) {
    read.problem(
      'preload',
      `must be names of Python modules, like numpy or xml.etree, not "${wrong}"`,
    );
  }
  return names;
}

function readDeviceRequirements(read: Reader): DeviceRequirements {
  return {
    minCpu: read.amount('minCpu', DEFAULT_CPU),
    minMemory: read.amount('minMemory', DEFAULT_MEMORY_GIB),
    gpu: read.texts('gpu'),
  };
}

/** The manifest written anew, as it was but for every spelling of `token`, wherever one stands. */
function storedText(root: JsonObject): string {
  const withoutToken = (key: string, value: unknown) =>
    normalKey(key) === 'token' ? undefined : value;
  return `${JSON.stringify(Object.fromEntries(root), withoutToken, 2)}\n`;
}
