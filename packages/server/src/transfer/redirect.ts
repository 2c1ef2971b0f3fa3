import { SourceError, displayUrl } from './source-error.ts';

export interface Credentials {
  username: string;
  password: string;
}

export interface Hop {
  url: URL;
  /** Sent to this hop; null once a redirect has led to another origin. */
  credentials: Credentials | null;
}

/**
 * Decides where a redirect leads. Credentials stay with the origin they were given for; they are
 * never sent on unencrypted. `what` names the request in messages. Throws SourceError.
 */
export function followRedirect(hop: Hop, location: string, what: string): Hop {
  const url = URL.canParse(location, hop.url.href) ? new URL(location, hop.url) : null;
  if (url === null || !isWebUrl(url)) {
    throw new SourceError(`${what} redirects to something other than an http or https address`);
  }
  // A redirect may not smuggle in credentials of its own.
  url.username = '';
  url.password = '';
  url.hash = '';
  if (hop.credentials !== null && hop.url.protocol === 'https:' && url.protocol === 'http:') {
    throw new SourceError(
      `${what} redirects from https to the unencrypted ${displayUrl(url)}, which is refused because a user name ` +
        'and password were given (use the final address as the URL)',
    );
  }
  return { url, credentials: url.origin === hop.url.origin ? hop.credentials : null };
}

export function isWebUrl(url: URL): boolean {
  return url.protocol === 'http:' || url.protocol === 'https:';
}
