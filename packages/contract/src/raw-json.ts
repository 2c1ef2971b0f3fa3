/**
 * User data is kept as the text it came in: parsing and printing would turn `1.0` into `1`, round
 * large integers, reorder numeric keys and lose `__proto__`.
 */
import { parseTree, type Node, type ParseError } from 'jsonc-parser';

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

/** Syntax tree of a text that JSON.parse has accepted; throws RangeError when it nests too deep. */
export function syntaxTree(text: string): Node {
  const errors: ParseError[] = [];
  const tree = parseTree(text, errors, { disallowComments: true, allowTrailingComma: false });
  if (tree === undefined || errors.length > 0) throw new SyntaxError('not JSON');
  return tree;
}

/** The value of a property of an object node; of equal keys the last, as JSON.parse does. */
export function propertyNode(object: Node, key: string): Node | undefined {
  const property = object.children?.findLast((child) => child.children?.[0]?.value === key);
  return property?.children?.[1];
}

export function sourceOf(text: string, node: Node): string {
  return text.slice(node.offset, node.offset + node.length);
}

/** Source text of each top-level property, in order; key texts as written. */
function properties(object: RawJson): Map<string, { key: string; value: string }> {
  const result = new Map<string, { key: string; value: string }>();
  for (const property of syntaxTree(object.text).children ?? []) {
    const [key, value] = property.children ?? [];
    if (key === undefined || value === undefined) continue;
    result.set(String(key.value), {
      key: sourceOf(object.text, key),
      value: sourceOf(object.text, value),
    });
  }
  return result;
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
