/** Patterns of the forms in which a secret value may be printed. */

/** Shorter values would blank out half of every line and are no secrets. */
const SHORTEST_SECRET = 3;
const SHORTEST_SECRET_LINE = 8;
/** Of a shorter value too little is certain in base64: other text would look like it. */
const SHORTEST_ENCODED = 6;

/** So much of the base64 of a value stands at an end of a line by no accident: 9 bytes. */
export const CERTAIN_BASE64 = 12;
const SHORTEST_WRAPPED = 18;

/** One form of a value, as the texts that each of its characters may be printed as. */
export type HiddenForm = string[][];

/** All forms of the values: as written, in JSON and in URLs, line by line, and in base64. */
export function hiddenForms(values: readonly string[]): HiddenForm[] {
  const real = [...new Set(values)].filter((value) => value.length >= SHORTEST_SECRET);
  return real.flatMap((value) => [
    written(value),
    ...linesOf(value).map(written),
    ...base64Forms(value),
    ...hexForms(value),
  ]);
}

function linesOf(value: string): string[] {
  const lines = value.split(/\r?\n/).filter((line) => line.length >= SHORTEST_SECRET_LINE);
  return lines.length === 1 && lines[0] === value ? [] : lines;
}

/** Libraries differ in what they escape, so every character may be escaped or not. */
function written(value: string): HiddenForm {
  return Array.from(value, (character) =>
    /[A-Za-z0-9]/.test(character)
      ? [character]
      : [
          ...new Set([
            character,
            ...jsonEscapes(character),
            ...urlEscapes(character),
            ...htmlEscapes(character),
          ]),
        ],
  );
}

function jsonEscapes(character: string): string[] {
  const units = Array.from({ length: character.length }, (_, i) => character.charCodeAt(i));
  const hex = units.map((unit) => `\\u${unit.toString(16).padStart(4, '0')}`).join('');
  const slash = character === '/' ? [String.raw`\/`] : [];
  const escaped = inJson(character);
  return [
    escaped,
    inJson(escaped), // JSON as a text within JSON
    hex,
    hex.toUpperCase().replaceAll('U', 'u'),
    ...slash,
  ];
}

function inJson(text: string): string {
  return JSON.stringify(text).slice(1, -1);
}

function htmlEscapes(character: string): string[] {
  const names: Record<string, string[]> = {
    '&': ['&amp;'],
    '<': ['&lt;'],
    '>': ['&gt;'],
    '"': ['&quot;', '&#34;'],
    "'": ['&#39;', '&#x27;', '&apos;'],
  };
  return names[character] ?? [];
}

function urlEscapes(character: string): string[] {
  const hex = Buffer.from(character).toString('hex').replaceAll(/../g, '%$&');
  return [hex, hex.toUpperCase(), ...(character === ' ' ? ['+'] : [])];
}

function hexForms(value: string): HiddenForm[] {
  const bytes = Buffer.from(value);
  if (bytes.byteLength < SHORTEST_ENCODED) return [];
  return [Array.from(bytes.toString('hex'), (digit) => [...new Set([digit, digit.toUpperCase()])])];
}

/**
 * Base64 of a text that holds the value anywhere, such as `user:secret`: of each of the three places in
 * which its first byte can fall, the characters that depend on the value alone.
 */
function base64Forms(value: string): HiddenForm[] {
  const bytes = Buffer.from(value);
  if (bytes.byteLength < SHORTEST_ENCODED) return [];
  return base64Of(bytes).map((encoded) =>
    Array.from(encoded, (digit) => {
      if (digit === '+') return ['+', '-', '%2B', '%2b'];
      return digit === '/' ? ['/', '_', '%2F', '%2f', String.raw`\/`] : [digit];
    }),
  );
}

function base64Of(bytes: Buffer): string[] {
  return [0, 1, 2].map((before) => {
    const encoded = Buffer.concat([Buffer.alloc(before), bytes]).toString('base64');
    const from = Math.ceil((before * 8) / 6);
    const to = Math.floor(((before + bytes.byteLength) * 8) / 6);
    return encoded.slice(from, to);
  });
}

/** The base64 of values that a program may print in several lines, as `base64` does after 76 columns. */
export function wrappableBase64(values: readonly string[]): string[] {
  return [...new Set(values)]
    .map((value) => Buffer.from(value))
    .filter((bytes) => bytes.byteLength >= SHORTEST_WRAPPED)
    .flatMap(base64Of);
}
