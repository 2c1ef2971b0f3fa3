/** Takes the values of injected secrets out of lines before they leave the runner. */
import type { SecretGrant } from '@bytenite/contract';
import { hiddenForms, type HiddenForm } from './hidden-forms.ts';

const MASK = '***';

export interface Redactor {
  redact(line: string): string;
  /** Longest hidden text in bytes; 0 when nothing is hidden. */
  readonly longestBytes: number;
  /** The last place at or before `cut` where a text can be split without splitting a hidden one. */
  cutBefore(text: Buffer, cut: number): number;
}

export function createRedactor(secrets: readonly SecretGrant[]): Redactor {
  const forms = hiddenForms(secrets.flatMap((s) => [s.secretKey, s.accessKey]));
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
    redact: (line) => line.replace(pattern, MASK),
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
