/** The forms in which callers send a token or an API key (contract 1.3). */
export function credentialOf(headers: Pick<Headers, 'get'>): string | null {
  const authorization = headers.get('authorization')?.trim() ?? '';
  if (authorization !== '') {
    const credential = authorization.replace(/^bearer(?:\s+|$)/i, '');
    return credential === '' ? null : credential;
  }
  const apiKey = headers.get('x-api-key')?.trim() ?? '';
  return apiKey === '' ? null : apiKey;
}
