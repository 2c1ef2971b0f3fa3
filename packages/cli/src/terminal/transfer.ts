import { formatBytes } from './format.ts';

export type OnProgress = (bytes: number, total: number | undefined) => void;

/** Tells on a terminal how far a transfer is, in a line that is gone afterwards. */
export async function showTransfer<T>(
  what: string,
  run: (onProgress: OnProgress) => Promise<T>,
): Promise<T> {
  const { isTTY } = process.stderr;
  const show = (text: string) => isTTY && process.stderr.write(`\r\u001b[2K${text}`);
  try {
    return await run((bytes, total) => {
      const percent = total === undefined ? '' : `, ${Math.floor((bytes * 100) / total)} %`;
      show(`${what} ${formatBytes(bytes)}${percent}`);
    });
  } finally {
    show('');
  }
}
