import { expect, it } from 'vitest';
import { describeJsonProblem } from './json-problem.ts';

function describeProblem(text: string): string {
  try {
    JSON.parse(text);
    return 'none';
  } catch (error) {
    return describeJsonProblem(text, error);
  }
}

it.each([
  ['{\n  "name": "x",\n  "version" "0.1"\n}', /^line 3, column 13: /],
  ['{\n  "name": x\n}', /^line 2, column 11: Unexpected token 'x'/],
  ['{"name": "x",}', /^line 1, column 14: /],
  ['{"name": "x"} // no', /^line 1, column 15: /],
  ['{"name": "x', /^line 1, column 10: /],
  ['', /Unexpected end of JSON input$/],
])('names the place of what is wrong, once: %j', (text, problem) => {
  expect(describeProblem(text)).toMatch(problem);
  expect(describeProblem(text)).not.toMatch(/position|line.*line/);
});
