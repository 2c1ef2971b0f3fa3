import stringWidth from 'string-width';
import { printable } from './escape.ts';
import { paint } from './style.ts';

export interface Column {
  title: string;
  align?: 'right';
  /** Gives way when the terminal is too narrow. */
  flexible?: boolean;
}

const GAP = '  ';
const NARROWEST = 8;

/** An aligned table, cut to the width of the terminal; a pipe gets every cell whole. */
export function formatTable(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
  terminalWidth: number | undefined = process.stdout.columns,
): string {
  const cells = rows.map((row) => columns.map((_, i) => printable(row[i] ?? '')));
  const widths = columns.map(({ title }, i) =>
    Math.max(stringWidth(title), ...cells.map((row) => stringWidth(row[i] ?? ''))),
  );
  if (terminalWidth !== undefined) shrink(columns, widths, terminalWidth);
  const line = (row: readonly string[]) =>
    columns.map((column, i) => fit(row[i] ?? '', widths[i] ?? 0, column.align)).join(GAP);
  const head = paint('bold', line(columns.map(({ title }) => title)).trimEnd());
  return [head, ...cells.map((row) => line(row).trimEnd())].join('\n');
}

/** Takes from the widest flexible column, one character at a time, until all fit. */
function shrink(columns: readonly Column[], widths: number[], terminalWidth: number): void {
  const available = terminalWidth - GAP.length * (columns.length - 1);
  let excess = widths.reduce((sum, width) => sum + width, 0) - available;
  for (; excess > 0; excess -= 1) {
    const widest = columns.reduce<number>(
      (best, { flexible }, i) =>
        flexible && (widths[i] ?? 0) > (widths[best] ?? NARROWEST) ? i : best,
      -1,
    );
    if (widest === -1) return;
    widths[widest] = (widths[widest] ?? 0) - 1;
  }
}

function fit(cell: string, width: number, align: Column['align']): string {
  const text = truncate(cell, width);
  const padding = ' '.repeat(Math.max(0, width - stringWidth(text)));
  return align === 'right' ? padding + text : text + padding;
}

/** Cuts to a number of columns, with an ellipsis in the place of what was cut. */
export function truncate(text: string, width: number): string {
  if (stringWidth(text) <= width) return text;
  let cut = '';
  let cutWidth = 0;
  for (const { segment } of new Intl.Segmenter().segment(text)) {
    cutWidth += stringWidth(segment);
    if (cutWidth > width - 1) break;
    cut += segment;
  }
  return `${cut}…`;
}
