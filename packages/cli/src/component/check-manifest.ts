/**
 * The contract's rules for manifest.json, checked before anything is sent, so that all problems come at
 * once with their place. Keys match without regard to case and `_`; of several spellings snake_case wins.
 */
import { COMPONENT_TYPES } from '@bytenite/contract';
import { getNodeValue, type Node } from 'jsonc-parser';
import { parseJsonFile } from './json-file.ts';
import { positionOf, type Problem } from './problem.ts';

export interface Manifest {
  name: string;
  version: string;
  type: (typeof COMPONENT_TYPES)[number];
  entrypoint: string;
  /** A registry token stands in the file for all to read. */
  hasToken: boolean;
}

export const MANIFEST_FILE = 'manifest.json';

/** `undefined` when the value is fine, else what it has to be. */
type Rule = (value: unknown) => string | undefined;

interface Field {
  rule: Rule | Fields;
  required?: true;
}
type Fields = Readonly<Record<string, Field>>;

function text(value: unknown): string | undefined {
  return typeof value === 'string' ? undefined : 'must be a text';
}

function filled(value: unknown): string | undefined {
  return typeof value === 'string' && value.trim() !== '' ? undefined : 'must be a text, not empty';
}

function truth(value: unknown): string | undefined {
  const isTruth = typeof value === 'boolean' || value === 'true' || value === 'false';
  return isTruth ? undefined : 'must be true or false';
}

function positive(value: unknown): string | undefined {
  const isNumber = typeof value === 'number' || (typeof value === 'string' && value.trim() !== '');
  return isNumber && Number(value) > 0 ? undefined : 'must be a number above 0';
}

function texts(value: unknown): string | undefined {
  const items: unknown[] = Array.isArray(value) ? value : [value];
  return items.every((item) => typeof item === 'string') ? undefined : 'must be a list of texts';
}

function oneOf(...choices: readonly string[]): Rule {
  const wanted = choices.map((choice) => `"${choice}"`).join(' or ');
  return (value) => (choices.some((choice) => choice === value) ? undefined : `must be ${wanted}`);
}

function componentName(value: unknown): string | undefined {
  if (value === 'passthrough') return 'must be another name: passthrough is built in';
  const isName = typeof value === 'string' && /^[A-Za-z0-9_-]{1,64}$/.test(value);
  return isName ? undefined : 'must be letters, digits, "-" and "_", at most 64 of them';
}

function majorMinor(value: unknown): string | undefined {
  if (typeof value === 'string' && /^\d{1,9}\.\d{1,9}$/.test(value)) return undefined;
  if (typeof value === 'number') return `must be a text: "${value}" in double quotes`;
  return 'must be major.minor, like "0.1"';
}

function relativeFile(value: unknown): string | undefined {
  const isInside =
    typeof value === 'string' &&
    value !== '' &&
    !value.startsWith('/') &&
    !value.split('/').includes('..');
  return isInside ? undefined : 'must be a file of the app/ folder, like "main.py"';
}

const FIELDS: Fields = {
  name: { rule: componentName, required: true },
  version: { rule: majorMinor, required: true },
  type: { rule: oneOf(...COMPONENT_TYPES) },
  platform: { rule: oneOf('docker') },
  entrypoint: { rule: relativeFile },
  description: { rule: text },
  platform_config: {
    required: true,
    rule: {
      container: { rule: filled, required: true },
      private_image: { rule: truth },
      username: { rule: text },
      token: { rule: text },
      secrets: { rule: texts },
      registry_secret: { rule: text },
      network: { rule: oneOf('default', 'none') },
      preload: { rule: texts },
      read_only_input: { rule: truth },
    },
  },
  device_requirements: {
    rule: { min_cpu: { rule: positive }, min_memory: { rule: positive }, gpu: { rule: texts } },
  },
};

/** Checks the text of a manifest; the manifest is there when nothing is wrong with it. */
export function checkManifest(source: string): { problems: Problem[]; manifest?: Manifest } {
  const parsed = parseJsonFile(MANIFEST_FILE, source, 'strict');
  if ('problems' in parsed) return parsed;
  const problems: Problem[] = [];
  const report: Report = (node, key, message) => {
    const place = node === undefined ? {} : positionOf(source, node.offset);
    problems.push({ file: MANIFEST_FILE, ...place, key, message });
  };
  checkFields(FIELDS, parsed.tree, '', report);
  if (problems.length > 0) return { problems };
  return { problems, manifest: readManifest(parsed.tree) };
}

type Report = (node: Node | undefined, key: string, message: string) => void;

function checkFields(fields: Fields, object: Node, prefix: string, report: Report): void {
  if (object.type !== 'object') {
    report(object, prefix, 'must be an object: { ... }');
    return;
  }
  for (const [name, field] of Object.entries(fields)) {
    const key = prefix === '' ? name : `${prefix}.${name}`;
    const node = findField(object, name, (clash) => report(clash, key, 'is given twice'));
    if (node === undefined || node.type === 'null') {
      if (field.required) report(node ?? object, key, 'is required');
    } else if (typeof field.rule === 'function') {
      const complaint = field.rule(getNodeValue(node));
      if (complaint !== undefined) report(node, key, complaint);
    } else {
      checkFields(field.rule, node, key, report);
    }
  }
}

/** The value of a field in whatever spelling; two other spellings that disagree are a clash. */
function findField(object: Node, name: string, onClash?: (node: Node) => void): Node | undefined {
  const spelled = (object.children ?? []).filter(
    (property) => canonical(String(property.children?.[0]?.value)) === canonical(name),
  );
  const exact = spelled.findLast((property) => property.children?.[0]?.value === name);
  const [first, ...others] = exact === undefined ? spelled : [exact];
  for (const other of others) if (valueText(other) !== valueText(first)) onClash?.(other);
  return first?.children?.[1];
}

function canonical(key: string): string {
  return key.replaceAll('_', '').toLowerCase();
}

function valueText(property: Node | undefined): string {
  const value = property?.children?.[1];
  return JSON.stringify(value === undefined ? null : getNodeValue(value));
}

function readManifest(tree: Node): Manifest {
  const value = (node: Node | undefined, name: string): unknown => {
    const field = node && findField(node, name);
    return field === undefined || field.type === 'null' ? undefined : getNodeValue(field);
  };
  const platformConfig = findField(tree, 'platform_config');
  return {
    name: value(tree, 'name') as string,
    version: value(tree, 'version') as string,
    type: (value(tree, 'type') as Manifest['type'] | undefined) ?? 'app',
    entrypoint: (value(tree, 'entrypoint') as string | undefined) ?? 'main.py',
    hasToken: Boolean(value(platformConfig, 'token')),
  };
}
