/** Where each task's files lie in the assembler's directory (contract 8.4). */

export interface ResultFile {
  chunk: number;
  path: string;
}

/**
 * Final paths, in the order given. A path that one task wrote stays; one that several wrote becomes
 * `<stem>_<chunk><ext>` for each, with `_<chunk>` appended again while that is taken.
 */
export function placeResults(files: readonly ResultFile[]): string[] {
  const writers = new Map<string, number>();
  for (const { path } of files) writers.set(path, (writers.get(path) ?? 0) + 1);
  const taken = new Set<string>();
  for (const [path, count] of writers) if (count === 1) taken.add(path);
  return files.map(({ path, chunk }) => {
    if (writers.get(path) === 1) return path;
    let placed = withChunk(path, chunk);
    while (taken.has(placed)) placed = withChunk(placed, chunk);
    taken.add(placed);
    return placed;
  });
}

function withChunk(path: string, chunk: number): string {
  const slash = path.lastIndexOf('/');
  const dot = path.lastIndexOf('.');
  // A leading dot names a hidden file and starts no suffix.
  const cut = dot > slash + 1 ? dot : path.length;
  return `${path.slice(0, cut)}_${chunk}${path.slice(cut)}`;
}
