import { parseTree, type ParseError } from 'jsonc-parser';

/** What JSON.parse says about a text, with the place that Node 20 often leaves out. */
export function describeJsonProblem(text: string, error: unknown): string {
  const errors: ParseError[] = [];
  parseTree(text, errors, { disallowComments: true, allowEmptyContent: false });
  // "in JSON at position 7", and newer "(line 1 column 8)": a place is told once, and as editors count.
  const said = (error as Error).message.replace(/( in JSON)? at position \d+.*$/s, '');
  const [first] = errors;
  return first === undefined ? said : `${placeOf(text, first.offset)}: ${said}`;
}

function placeOf(text: string, offset: number): string {
  const before = text.slice(0, offset);
  const line = before.split('\n').length;
  return `line ${line}, column ${offset - before.lastIndexOf('\n')}`;
}
