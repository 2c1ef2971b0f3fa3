/** Headers of every reply (contract 1.6): pages of any origin may call, with a token of their own. */
const ALLOWED_HEADERS = [
  'Authorization',
  'Content-Type',
  'Content-Disposition',
  'Idempotency-Key',
  'Last-Event-ID',
  'Range',
  'X-API-KEY',
];

const EXPOSED_HEADERS = ['X-Request-Id', 'Content-Disposition', 'Content-Range', 'Retry-After'];

export const CORS_HEADERS: Readonly<Record<string, string>> = {
  'access-control-allow-origin': '*',
  'access-control-allow-methods': 'GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS',
  'access-control-allow-headers': ALLOWED_HEADERS.join(', '),
  'access-control-expose-headers': EXPOSED_HEADERS.join(', '),
  'access-control-max-age': '86400',
};
