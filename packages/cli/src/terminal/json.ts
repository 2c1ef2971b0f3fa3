import { propertyNode, sourceOf, syntaxTree } from '@bytenite/contract';
import { applyEdits, format } from 'jsonc-parser';
import { printableJson } from './escape.ts';

/** Prints JSON for people and programs, every number and key as it was written. */
export function printJson(text: string): void {
  console.log(printableJson(prettyJson(text)));
}

export function prettyJson(text: string): string {
  return applyEdits(text, format(text, undefined, { insertSpaces: true, tabSize: 2 }));
}

/** The source text of a field of a JSON object. */
export function fieldText(text: string, field: string): string {
  const node = propertyNode(syntaxTree(text), field);
  return node === undefined ? 'null' : sourceOf(text, node);
}
