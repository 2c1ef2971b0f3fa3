/** What a person can ask of the kill test, and how it speaks. */
export function chosenSeed(): number {
  const text = process.env['BYTENITE_KILL_SEED'];
  return text === undefined ? Math.floor(Math.random() * 1e6) : wholeNumber(text);
}

/** Null: as many as it takes. */
export function chosenRounds(): number | null {
  const text = process.env['BYTENITE_KILL_ROUNDS'];
  return text === undefined ? null : wholeNumber(text);
}

export function wholeNumber(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 0) throw new Error(`${text} is not a whole number`);
  return value;
}

export function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
