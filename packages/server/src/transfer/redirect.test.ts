import { describe, expect, it } from 'vitest';

import { followRedirect } from './redirect.ts';
import type { Hop } from './redirect.ts';

const CREDENTIALS = { username: 'ada', password: 'secret' };

function hop(url: string, credentials: Hop['credentials'] = CREDENTIALS): Hop {
  return { url: new URL(url), credentials };
}

describe('followRedirect', () => {
  it('keeps credentials within the origin', () => {
    const next = followRedirect(hop('https://a.example/x/y'), '../z', 'it');
    expect(next.url.href).toBe('https://a.example/z');
    expect(next.credentials).toEqual(CREDENTIALS);
  });

  it.each([
    'https://b.example/',
    'https://a.example:444/',
    '//b.example/x',
    'https://sub.a.example/',
  ])('drops credentials on the way to another origin: %s', (location) => {
    expect(followRedirect(hop('https://a.example/'), location, 'it').credentials).toBeNull();
  });

  it('drops credentials when http becomes https: the origin is another', () => {
    expect(
      followRedirect(hop('http://a.example/'), 'https://a.example/', 'it').credentials,
    ).toBeNull();
  });

  it('does not pick dropped credentials up again on the way back', () => {
    const away = followRedirect(hop('https://a.example/'), 'https://b.example/', 'it');
    expect(followRedirect(away, 'https://a.example/', 'it').credentials).toBeNull();
  });

  it('refuses to go from https to http with credentials, and may without', () => {
    const start = 'https://a.example/?key=hidden';
    expect(() => followRedirect(hop(start), 'http://a.example/', 'source URL x')).toThrow(
      /^source URL x redirects from https to the unencrypted http:\/\/a\.example\/, which is refused/,
    );
    expect(followRedirect(hop(start, null), 'http://a.example/', 'it').url.href).toBe(
      'http://a.example/',
    );
  });

  it('ignores credentials in the new address', () => {
    const next = followRedirect(hop('https://a.example/', null), 'https://eve:pw@a.example/', 'it');
    expect(next.url.href).toBe('https://a.example/');
    expect(next.credentials).toBeNull();
  });

  it.each(['https://[', 'file:///etc/passwd', 'ftp://a.example/', 'data:,x'])(
    'refuses to go to %s',
    (location) => {
      expect(() => followRedirect(hop('https://a.example/'), location, 'it')).toThrow(
        'it redirects to something other than an http or https address',
      );
    },
  );
});
