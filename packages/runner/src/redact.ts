/** Takes the values of injected secrets out of lines before they leave the runner. */
import type { SecretGrant } from '@bytenite/contract';
import { CERTAIN_BASE64, hiddenForms, wrappableBase64, type HiddenForm } from './hidden-forms.ts';

const MASK = '***';
/** What may be a line of base64, or end or begin with one. */
const BASE64_RUN = new RegExp(`[A-Za-z0-9+/_-]{${CERTAIN_BASE64},}`, 'g');

export interface Redactor {
  redact(line: string): string;
  /** Longest hidden text in bytes; 0 when nothing is hidden. */
  readonly longestBytes: number;
  /** The last place at or before `cut` where a text can be split without splitting a hidden one. */
  cutBefore(text: Buffer, cut: number): number;
}

export function createRedactor(secrets: readonly SecretGrant[]): Redactor {
  const values = secrets.flatMap((s) => [s.secretKey, s.accessKey]);
  const wrappable = wrappableBase64(values);
  const forms = hiddenForms(values);
  // The longest first: one value may hold another.
  forms.sort((a, b) => lengthOf(b) - lengthOf(a));
  const [longest] = forms;
  if (longest === undefined) {
    return { longestBytes: 0, redact: (line) => line, cutBefore: (_text, cut) => cut };
  }
  const pattern = patternOf(forms, (text) => text);
  const bytePattern = patternOf(forms, (text) => Buffer.from(text).toString('latin1'));
  const longestBytes = lengthOf(longest);
  return {
    longestBytes,
    redact: (line) =>
      line.replace(pattern, MASK).replace(BASE64_RUN, (run) => hideWrapped(run, wrappable)),
    cutBefore(text, cut) {
      const from = Math.max(0, cut - longestBytes);
      const window = text.toString('latin1', from, cut + longestBytes);
      for (const match of window.matchAll(bytePattern)) {
        const start = from + match.index;
        if (start > 0 && start < cut && start + match[0].length > cut) return start;
      }
      return cut;
    },
  };
}

/** Hides what a run of base64 has of a value that began on a line before, or goes on on the next. */
function hideWrapped(run: string, wrappable: readonly string[]): string {
  const standard = run.replaceAll('-', '+').replaceAll('_', '/');
  let [begins, ends] = [0, 0];
  for (const encoded of wrappable) {
    if (encoded.includes(standard)) return MASK;
    // One value may end where another begins: of each side the most counts.
    begins = Math.max(begins, overlapOf(encoded, standard));
    ends = Math.max(ends, overlapOf(standard, encoded));
  }
  if (begins + ends >= run.length) return MASK;
  const kept = run.slice(begins, run.length - ends);
  return `${begins > 0 ? MASK : ''}${kept}${ends > 0 ? MASK : ''}`;
}

/** How much of the end of one text is the beginning of another; 0 where that may be by accident. */
function overlapOf(left: string, right: string): number {
  const start = right.slice(0, CERTAIN_BASE64);
  for (let at = left.indexOf(start); at !== -1; at = left.indexOf(start, at + 1)) {
    if (right.startsWith(left.slice(at))) return left.length - at;
  }
  return 0;
}

function lengthOf(form: HiddenForm): number {
  return form.reduce(
    (sum, texts) => sum + Math.max(...texts.map((text) => Buffer.byteLength(text))),
    0,
  );
}

function patternOf(forms: readonly HiddenForm[], encode: (text: string) => string): RegExp {
  const alternatives = forms.map((form) =>
    form.map((texts) => oneOf(texts.map((text) => literal(encode(text))))).join(''),
  );
  return new RegExp(alternatives.join('|'), 'g');
}

function oneOf(patterns: readonly string[]): string {
  return patterns.length === 1 ? (patterns[0] ?? '') : `(?:${patterns.join('|')})`;
}

function literal(text: string): string {
  return text.replaceAll(/[\\^$.*+?()[\]{}|]/g, String.raw`\$&`);
}
