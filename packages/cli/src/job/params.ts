/** `--param` and `--config` of a command line. */
import {
  ConfigBody,
  decodeText,
  JobConfigInput,
  RawJson,
  snakeCase,
  type ParamsInput,
} from '@bytenite/contract';
import { UsageError } from '../errors.ts';

const COMPONENTS = ['app', 'partitioner', 'assembler'] as const;

/** `component.key=value`: JSON if it parses, else text; `component.key:=text` is text whatever it looks like. */
export function parseParams(assignments: readonly string[]): ParamsInput | undefined {
  if (assignments.length === 0) return undefined;
  const params = new Map<string, Map<string, string>>();
  for (const assignment of assignments) {
    const { key, json } = parseAssignment('--param', assignment);
    const { component, name } = splitKey(key);
    const values = params.get(component) ?? new Map<string, string>();
    params.set(component, values.set(name, json));
  }
  const objects = [...params].map(([component, values]) => [component, objectText(values)]);
  return Object.fromEntries(objects) as ParamsInput;
}

/** The config that a command line asks for; `--tolerate` is a name for one key of it. */
export function configOf(options: {
  config: readonly string[];
  tolerate?: string;
}): JobConfigInput | undefined {
  const config = parseConfig(options.config);
  const { tolerate } = options;
  return tolerate === undefined ? config : { ...config, toleratedFailures: tolerate };
}

/** `key=value` of the job's config, in either spelling; a key that is none would be dropped in silence. */
export function parseConfig(assignments: readonly string[]): JobConfigInput | undefined {
  if (assignments.length === 0) return undefined;
  const values = new Map<string, string>();
  for (const assignment of assignments) {
    const { key, json } = parseAssignment('--config', assignment);
    const known = CONFIG_KEYS.find((name) => name === key || snakeCase(name) === key);
    if (known === undefined) {
      throw new UsageError(`--config: there is no ${JSON.stringify(key)}`, {
        why: [`there is: ${CONFIG_KEYS.join(', ')}`],
      });
    }
    values.set(known, json);
  }
  const decoded = decodeText(ConfigBody, objectText(values).text);
  if (decoded.ok) return decoded.value;
  throw new UsageError(`--config: ${decoded.message}`);
}

const CONFIG_KEYS = Object.keys(JobConfigInput.shape);

function parseAssignment(option: string, assignment: string): { key: string; json: string } {
  const [, key, sign, value] = /^([^=]+?)(:?=)(.*)$/s.exec(assignment) ?? [];
  if (key === undefined || value === undefined) {
    throw new UsageError(`${option} ${assignment}: there is no "="`, {
      fix: [`write ${option} key=value, or ${option} key:=text`],
    });
  }
  const isJson = sign === '=' && parses(value);
  // As written: parsed and printed again, 1.0 would be 1.
  return { key, json: isJson ? value : JSON.stringify(value) };
}

function parses(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

function splitKey(key: string): { component: string; name: string } {
  const dot = key.indexOf('.');
  const component = COMPONENTS.find((known) => known === key.slice(0, dot));
  const name = key.slice(dot + 1);
  if (dot > 0 && component !== undefined && name !== '') return { component, name };
  throw new UsageError(`--param ${key}: whose parameter is it?`, {
    fix: [`begin with ${COMPONENTS.join('., ')}., like --param app.${name || 'key'}=value`],
  });
}

function objectText(values: ReadonlyMap<string, string>): RawJson {
  const fields = [...values].map(([name, json]) => `${JSON.stringify(name)}:${json}`);
  return new RawJson(`{${fields.join(',')}}`);
}
