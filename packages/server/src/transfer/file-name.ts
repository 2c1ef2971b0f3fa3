const MAX_NAME_BYTES = 255;

/** The last segment of a path as a file name that every file system takes, or null when there is none. */
export function fileNameOf(path: string): string | null {
  const segment = path
    .split(/[/\\]/)
    .findLast((part) => part !== '' && part !== '.' && part !== '..');
  if (segment === undefined) return null;
  // oxlint-disable-next-line no-control-regex -- control characters are what is removed
  const clean = segment.replace(/[\u0000-\u001f\u007f-\u009f]/g, '').trim();
  const name = cutBytes(clean.toWellFormed(), MAX_NAME_BYTES);
  return name === '' || name === '.' || name === '..' ? null : name;
}

function cutBytes(text: string, maxBytes: number): string {
  let cut = text;
  while (Buffer.byteLength(cut) > maxBytes) cut = Array.from(cut).slice(0, -1).join('');
  return cut;
}
