import { createInterface } from 'node:readline';
import { Writable } from 'node:stream';
import { Interrupted } from '../errors.ts';

/** Asks on a terminal without showing what is typed. */
export function askHidden(question: string): Promise<string> {
  // As a terminal of its own, it takes the echo over, and writes it to nowhere.
  const output = new Writable({ write: (_chunk, _encoding, done) => done() });
  const terminal = createInterface({ input: process.stdin, output, terminal: true });
  // Asked last: what is typed in answer is not shown any more.
  process.stderr.write(question);
  return new Promise((resolve, reject) => {
    terminal.once('line', resolve).once('close', () => reject(new Interrupted()));
    terminal.once('SIGINT', () => terminal.close());
  }).finally(() => {
    terminal.close();
    process.stderr.write('\n');
  }) as Promise<string>;
}
