const MAX_SEGMENT_BYTES = 255; // what file systems take
const MAX_PATH_BYTES = 1024;

export type PathVerdict = { path: string } | { problem: string };

/** Normalises an entry's name (`./a//b/` is `a/b`, `./` is ``), or says why it is refused. */
export function checkPath(name: string): PathVerdict {
  const shown = JSON.stringify(name.length > 200 ? `${name.slice(0, 200)}…` : name);
  if (name.includes('\ufffd')) return { problem: `${shown} is not valid UTF-8` };
  // oxlint-disable-next-line no-control-regex -- control characters are what is looked for
  if (/[\u0000-\u001f\u007f-\u009f]/.test(name))
    return { problem: `${shown} has control characters` };
  // A name that is harmless here would lead out of the folder where a backslash separates.
  if (name.includes('\\')) return { problem: `${shown} has a backslash` };
  if (name.startsWith('/')) return { problem: `${shown} is an absolute path` };

  const segments = name.split('/').filter((segment) => segment !== '' && segment !== '.');
  if (segments.includes('..')) return { problem: `${shown} has ".." in its path` };
  const path = segments.join('/');
  const isTooLong = segments.some((segment) => Buffer.byteLength(segment) > MAX_SEGMENT_BYTES);
  if (isTooLong || Buffer.byteLength(path) > MAX_PATH_BYTES)
    return { problem: `${shown} is too long` };
  return { path };
}

/** What macOS adds to archives beside the files themselves. */
export function isMacResidue(path: string): boolean {
  return path.split('/').some((segment) => segment === '__MACOSX' || segment.startsWith('._'));
}
