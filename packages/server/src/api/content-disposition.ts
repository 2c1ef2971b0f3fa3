/** File names in Content-Disposition (RFC 6266, RFC 5987). */

/** Says "save this under that name", to old and new clients alike. */
export function attachment(name: string): string {
  const ascii = name.replaceAll(/[^\u0020-\u007e]/g, '_').replaceAll(/["\\%]/g, '_');
  const encoded = encodeURIComponent(name.toWellFormed()).replaceAll(
    /['()*]/g,
    (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`,
  );
  return `attachment; filename="${ascii}"; filename*=UTF-8''${encoded}`;
}

/** The name that a caller gives to what it sends; `""` when it gives none that could be a file's. */
export function fileNameOf(header: string | undefined): string {
  if (header === undefined) return '';
  const extended = /;\s*filename\*\s*=\s*utf-8'[^']*'([^;\s]+)/i.exec(header)?.[1];
  const quoted = /;\s*filename\s*=\s*"((?:[^"\\]|\\.)*)"/i.exec(header)?.[1];
  const plain = /;\s*filename\s*=\s*([^";\s]+)/i.exec(header)?.[1];
  return safeName(
    (extended === undefined ? undefined : percentDecoded(extended)) ??
      (quoted === undefined ? undefined : fromBytes(quoted.replaceAll(/\\(.)/g, '$1'))) ??
      (plain === undefined ? '' : fromBytes(plain)),
  );
}

/** The last segment of a path, without what no file name may hold. */
export function safeName(name: string): string {
  const last = name.slice(Math.max(name.lastIndexOf('/'), name.lastIndexOf('\\')) + 1);
  // oxlint-disable-next-line no-control-regex -- control characters are what is looked for
  const clean = last.replaceAll(/[\u0000-\u001f\u007f-\u009f]/g, '').trim();
  return clean === '.' || clean === '..' ? '' : clean;
}

function percentDecoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}

/** Header values arrive as bytes, which many clients fill with UTF-8. */
function fromBytes(text: string): string {
  const utf8 = Buffer.from(text, 'latin1').toString('utf8');
  return utf8.includes('\ufffd') ? text : utf8;
}
