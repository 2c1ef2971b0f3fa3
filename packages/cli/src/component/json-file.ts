import { parseTree, printParseErrorCode, type Node, type ParseError } from 'jsonc-parser';
import { positionOf, type Problem } from './problem.ts';

/** `lenient` takes trailing commas and comments. */
export type Strictness = 'strict' | 'lenient';

/** Parses a JSON text into its syntax tree, or says what is wrong with it and where. */
export function parseJsonFile(
  file: string,
  text: string,
  strictness: Strictness,
): { tree: Node } | { problems: Problem[] } {
  const errors: ParseError[] = [];
  const lenient = strictness === 'lenient';
  const tree = parseTree(text, errors, {
    allowTrailingComma: lenient,
    disallowComments: !lenient,
  });
  const [error] = errors;
  // The first error says it; those after it are mostly its echoes.
  if (error !== undefined) return { problems: [problemAt(file, text, error.offset, error.error)] };
  if (tree === undefined) return { problems: [{ file, key: '', message: 'is empty' }] };
  return { tree };
}

const WORDS: Partial<Record<string, string>> = {
  InvalidSymbol: 'is not valid JSON here (text needs double quotes)',
  InvalidNumberFormat: 'has a number that is not valid JSON',
  PropertyNameExpected: 'needs a key in double quotes here (or has a comma too many)',
  ValueExpected: 'needs a value here (or has a comma too many)',
  ColonExpected: 'needs a colon here',
  CommaExpected: 'needs a comma before this',
  CloseBraceExpected: 'lacks a closing }',
  CloseBracketExpected: 'lacks a closing ]',
  EndOfFileExpected: 'has more after the end of its JSON',
  InvalidCommentToken: 'may not have comments',
  UnexpectedEndOfString: 'has a text without its closing quote',
};

function problemAt(file: string, text: string, offset: number, code: ParseError['error']): Problem {
  const name = printParseErrorCode(code);
  return { file, ...positionOf(text, offset), key: '', message: WORDS[name] ?? `has ${name}` };
}
