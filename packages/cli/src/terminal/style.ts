import { styleText } from 'node:util';

type Style = Parameters<typeof styleText>[0];
type Paint = (style: Style, text: string) => string;

/** Colours for what goes to stdout: on a terminal that has them, unless NO_COLOR asks for none. */
export const paint: Paint = painter(process.stdout);
export const paintError: Paint = painter(process.stderr);

function painter(stream: NodeJS.WriteStream): Paint {
  const { NO_COLOR, TERM } = process.env;
  const hasColours = stream.isTTY && !NO_COLOR && TERM !== 'dumb';
  return hasColours ? styleText : (_, text) => text;
}
