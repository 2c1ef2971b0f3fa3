/**
 * Where the values of a JSON text stand in it. The text has been accepted by JSON.parse, so that finding
 * the end of a value is all there is to do; only the levels that someone asks for are looked at.
 */

/** Deeper than anybody writes; much deeper breaks what parses and prints recursively. */
const MAX_DEPTH = 1000;

export class JsonNode {
  readonly offset: number;
  readonly length: number;
  private readonly text: string;
  private items: JsonNode[] | undefined;
  private named: Map<string, Property> | undefined;

  constructor(text: string, offset: number, end: number) {
    this.text = text;
    this.offset = offset;
    this.length = end - offset;
  }

  /** The items of an array; nothing for anything else. */
  get children(): readonly JsonNode[] {
    return (this.items ??= this.text[this.offset] === '[' ? this.scanItems() : []);
  }

  /** The properties of an object by name, of equal names the last, in the order of the first. */
  get properties(): ReadonlyMap<string, Property> {
    return (this.named ??= this.text[this.offset] === '{' ? this.scanProperties() : new Map());
  }

  private scanItems(): JsonNode[] {
    const items: JsonNode[] = [];
    let at = skipSpace(this.text, this.offset + 1);
    while (this.text[at] !== ']') {
      const end = endOfValue(this.text, at);
      items.push(new JsonNode(this.text, at, end));
      at = skipSeparator(this.text, end);
    }
    return items;
  }

  private scanProperties(): Map<string, Property> {
    const named = new Map<string, Property>();
    let at = skipSpace(this.text, this.offset + 1);
    while (this.text[at] !== '}') {
      const keyEnd = endOfString(this.text, at);
      const key = this.text.slice(at, keyEnd);
      const start = skipSpace(this.text, skipSpace(this.text, keyEnd) + 1);
      const end = endOfValue(this.text, start);
      named.set(JSON.parse(key) as string, { key, value: new JsonNode(this.text, start, end) });
      at = skipSeparator(this.text, end);
    }
    return named;
  }
}

export interface Property {
  /** As written, in its quotes. */
  key: string;
  value: JsonNode;
}

/** The whole of a text that JSON.parse has accepted. */
export function syntaxTree(text: string): JsonNode {
  const start = skipSpace(text, 0);
  return new JsonNode(text, start, endOfValue(text, start));
}

/** The value of a property of an object; of equal keys the last, as JSON.parse does. */
export function propertyNode(object: JsonNode, key: string): JsonNode | undefined {
  return object.properties.get(key)?.value;
}

export function sourceOf(text: string, node: JsonNode): string {
  return text.slice(node.offset, node.offset + node.length);
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPENING = new Set([0x7b, 0x5b]);
const CLOSING = new Set([0x7d, 0x5d]);
const SPACE = new Set([0x20, 0x09, 0x0a, 0x0d]);
/** What ends a number or a word. */
const AFTER_SCALAR = /[\s,\]}]|$/g;

function endOfValue(text: string, start: number): number {
  const first = text.charCodeAt(start);
  if (first === QUOTE) return endOfString(text, start);
  if (!OPENING.has(first)) {
    AFTER_SCALAR.lastIndex = start;
    return AFTER_SCALAR.exec(text)?.index ?? text.length;
  }
  let depth = 0;
  for (let at = start; at < text.length; at++) {
    const char = text.charCodeAt(at);
    if (char === QUOTE) at = endOfString(text, at) - 1;
    else if (OPENING.has(char)) depth += 1;
    else if (CLOSING.has(char)) depth -= 1;
    if (depth === 0) return at + 1;
    if (depth > MAX_DEPTH) throw new RangeError('JSON is nested too deeply');
  }
  throw new SyntaxError('not JSON');
}

/** The place after the closing quote. */
function endOfString(text: string, start: number): number {
  for (let at = text.indexOf('"', start + 1); at !== -1; at = text.indexOf('"', at + 1)) {
    let escapes = 0;
    while (text.charCodeAt(at - 1 - escapes) === BACKSLASH) escapes += 1;
    if (escapes % 2 === 0) return at + 1;
  }
  throw new SyntaxError('not JSON');
}

function skipSpace(text: string, start: number): number {
  let at = start;
  while (SPACE.has(text.charCodeAt(at))) at += 1;
  return at;
}

/** From the end of one entry to the next one, or to the closing bracket. */
function skipSeparator(text: string, end: number): number {
  const at = skipSpace(text, end);
  return text[at] === ',' ? skipSpace(text, at + 1) : at;
}
