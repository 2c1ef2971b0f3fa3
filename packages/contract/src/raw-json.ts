/**
 * User data is kept as the text it came in: parsing and printing would turn `1.0` into `1`, round
 * large integers, reorder numeric keys and lose `__proto__`.
 */
import { sourceOf, syntaxTree } from './json-source.ts';

/** A JSON value kept as its source text. */
export class RawJson {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
  static readonly EMPTY_OBJECT = new RawJson('{}');

  parse(): unknown {
    return JSON.parse(this.text);
  }

  /** What embeds it when a caller prints with JSON.stringify; the wire's encoder keeps the text. */
  toJSON(): unknown {
    return this.parse();
  }
}

/** Source text of each top-level property, in order; key texts as written. */
function properties(object: RawJson): Map<string, { key: string; value: string }> {
  return new Map(
    [...syntaxTree(object.text).properties].map(([name, { key, value }]) => [
      name,
      { key, value: sourceOf(object.text, value) },
    ]),
  );
}

/** Merges two objects by top-level key, `over` winning, each value as it was written. */
export function mergeRaw(base: RawJson, over: RawJson): RawJson {
  const merged = properties(base);
  for (const [name, property] of properties(over)) merged.set(name, property);
  const parts = [...merged.values()].map(({ key, value }) => `${key}:${value}`);
  return new RawJson(`{${parts.join(',')}}`);
}

/** Prints a value as JSON with every RawJson inside it as its own text. */
export function stringifyWire(value: unknown): string {
  const raws: string[] = [];
  const mark = `raw-${globalThis.crypto.randomUUID()}-`;
  const text = JSON.stringify(
    value,
    function replace(this: Record<string, unknown>, key, plain: unknown) {
      const original = this[key];
      if (!(original instanceof RawJson)) return plain;
      raws.push(original.text);
      return `${mark}${raws.length - 1}`;
    },
  );
  if (raws.length === 0) return text;
  return text.replaceAll(
    new RegExp(`"${mark}(\\d+)"`, 'g'),
    (_, index: string) => raws[Number(index)] ?? 'null',
  );
}
