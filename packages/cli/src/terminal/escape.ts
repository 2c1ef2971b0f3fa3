/**
 * Names, logs and messages come from other people, and a terminal obeys control characters: it can be made
 * to rewrite lines, its title, or what a copy takes. They are shown as \x1b and the like instead.
 */

// Control characters (C0, DEL, C1), line separators and those that turn the direction of writing.
// oxlint-disable-next-line no-control-regex -- control characters are what is looked for
const UNSAFE = /[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g;
// oxlint-disable-next-line no-control-regex -- the escape character of a colour
const COLOUR = /(\u001b\[[0-9;:]*m)/;
const RESET = '\u001b[0m';

/** One line of a log: colours and tabs stay, a colour ends with the line. */
export function printableLine(text: string): string {
  const parts = text.split(COLOUR);
  if (parts.length === 1) return escapeUnsafe(text, '\t');
  // Every second part is a colour.
  return parts.map((part, i) => (i % 2 === 1 ? part : escapeUnsafe(part, '\t'))).join('') + RESET;
}

/** A name or a message inside other text: no control character stays. */
export function printable(text: string): string {
  return escapeUnsafe(text, '');
}

/** Text of several lines: nothing but the ends of lines stays. */
export function escapeBlock(text: string): string {
  return escapeUnsafe(text, '\n');
}

/** JSON with the same meaning that is safe to look at: it escapes only what is below U+0020 by itself. */
export function printableJson(json: string): string {
  return json.replace(UNSAFE, (c) => (c === '\n' ? c : `\\u${hex(c, 4)}`));
}

function escapeUnsafe(text: string, keep: string): string {
  return text.replace(UNSAFE, (c) => (keep.includes(c) ? c : escapeCharacter(c)));
}

function escapeCharacter(c: string): string {
  if (c === '\n') return '\\n';
  if (c === '\r') return '\\r';
  if (c === '\t') return '\\t';
  return c.charCodeAt(0) > 0xff ? `\\u${hex(c, 4)}` : `\\x${hex(c, 2)}`;
}

function hex(c: string, digits: number): string {
  return c.charCodeAt(0).toString(16).padStart(digits, '0');
}
