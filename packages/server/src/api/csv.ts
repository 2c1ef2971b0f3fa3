/** Texts as lines of CSV (RFC 4180), safe to open in a spreadsheet. */

/** A cell that begins like this would be worked out as a formula. */
const FORMULA = /^[=+\-@\t\r]/;

/** What stays what it is when it is worked out. */
const NUMBER = /^-?\d+(?:\.\d+)?$/;

export function csvLine(cells: readonly string[]): string {
  return `${cells.map(csvCell).join(',')}\r\n`;
}

/** An apostrophe before it makes a spreadsheet take a formula as text. */
function csvCell(text: string): string {
  const isFormula = FORMULA.test(text);
  if (!isFormula && !/[",\r\n]/.test(text)) return text;
  return `"${isFormula && !NUMBER.test(text) ? "'" : ''}${text.replaceAll('"', '""')}"`;
}
