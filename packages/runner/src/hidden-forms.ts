/** Patterns of the forms in which a secret value may be printed. */

/** Shorter values would blank out half of every line and are no secrets. */
const SHORTEST_SECRET = 3;
const SHORTEST_SECRET_LINE = 8;
/** Of a shorter value too little is certain in base64: other text would look like it. */
const SHORTEST_ENCODED = 6;

/** One form of a value, as the texts that each of its characters may be printed as. */
export type HiddenForm = string[][];

/** All forms of the values: as written, in JSON and in URLs, line by line, and in base64. */
export function hiddenForms(values: readonly string[]): HiddenForm[] {
  const real = [...new Set(values)].filter((value) => value.length >= SHORTEST_SECRET);
  return real.flatMap((value) => [
    written(value),
    ...linesOf(value).map(written),
    ...base64Forms(value),
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
      : [...new Set([character, ...jsonEscapes(character), ...urlEscapes(character)])],
  );
}

function jsonEscapes(character: string): string[] {
  const units = Array.from({ length: character.length }, (_, i) => character.charCodeAt(i));
  const hex = units.map((unit) => `\\u${unit.toString(16).padStart(4, '0')}`).join('');
  const slash = character === '/' ? [String.raw`\/`] : [];
  return [
    JSON.stringify(character).slice(1, -1),
    hex,
    hex.toUpperCase().replaceAll('U', 'u'),
    ...slash,
  ];
}

function urlEscapes(character: string): string[] {
  const hex = Buffer.from(character).toString('hex').replaceAll(/../g, '%$&');
  return [hex, hex.toUpperCase(), ...(character === ' ' ? ['+'] : [])];
}

/**
 * Base64 of a text that holds the value anywhere, such as `user:secret`: of each of the three places in
 * which its first byte can fall, the characters that depend on the value alone.
 */
function base64Forms(value: string): HiddenForm[] {
  const bytes = Buffer.from(value);
  if (bytes.byteLength < SHORTEST_ENCODED) return [];
  return [0, 1, 2].map((before) => {
    const encoded = Buffer.concat([Buffer.alloc(before), bytes]).toString('base64');
    const from = Math.ceil((before * 8) / 6);
    const to = Math.floor(((before + bytes.byteLength) * 8) / 6);
    return Array.from(encoded.slice(from, to), (digit) => {
      if (digit === '+') return ['+', '-', '%2B', '%2b'];
      return digit === '/' ? ['/', '_', '%2F', '%2f', String.raw`\/`] : [digit];
    });
  });
}
