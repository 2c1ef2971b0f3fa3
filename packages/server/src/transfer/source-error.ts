/** A source that cannot be read, in words for the user who named it; never with credentials. */
export class SourceError extends Error {
  override readonly name = 'SourceError';
  /** Whether the same request may succeed later. */
  readonly isTransient: boolean;
  /** The HTTP status that the other side answered with, or null. */
  readonly status: number | null;

  constructor(
    message: string,
    options: { isTransient?: boolean; status?: number; cause?: unknown } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.isTransient = options.isTransient ?? false;
    this.status = options.status ?? null;
  }
}

/** A connection to an address that the server's rules do not allow. */
export class AddressRefused extends Error {
  override readonly name = 'AddressRefused';
  /** A clause to follow the name of what was asked for. */
  readonly reason: string;

  constructor(hostname: string, address: string, label: string, isOpenable: boolean) {
    const target = hostname === address ? 'is' : `(host ${hostname}) resolves to`;
    const remedy = isOpenable
      ? 'which this server does not allow (set BYTENITE_ALLOW_PRIVATE_URLS=1 to allow it)'
      : 'which is never allowed';
    const reason = `${target} the ${label} address ${address}, ${remedy}`;
    super(`${hostname}: ${reason}`);
    this.reason = reason;
  }
}

/** A URL for messages: without user name, password, query (signatures live there) and fragment. */
export function displayUrl(url: URL): string {
  return `${url.protocol}//${url.host}${url.pathname}${url.search === '' ? '' : '?…'}`;
}

interface Explanation {
  text: string;
  isTransient: boolean;
}

const EXPLANATIONS: Readonly<Record<string, Explanation>> = {
  ENOTFOUND: { text: 'its host was not found (check the spelling)', isTransient: false },
  EAI_AGAIN: { text: 'the name server did not answer', isTransient: true },
  ECONNREFUSED: {
    text: 'the connection was refused (is the service running on that port?)',
    isTransient: true,
  },
  ECONNRESET: { text: 'the other side broke the connection', isTransient: true },
  EPIPE: { text: 'the other side broke the connection', isTransient: true },
  UND_ERR_SOCKET: { text: 'the other side broke the connection', isTransient: true },
  EHOSTUNREACH: { text: 'its host cannot be reached from this server', isTransient: true },
  ENETUNREACH: { text: 'its network cannot be reached from this server', isTransient: true },
  ETIMEDOUT: { text: 'the connection timed out', isTransient: true },
  UND_ERR_CONNECT_TIMEOUT: { text: 'the connection timed out', isTransient: true },
  UND_ERR_HEADERS_TIMEOUT: { text: 'the other side did not answer in time', isTransient: true },
  UND_ERR_BODY_TIMEOUT: { text: 'the other side stopped sending', isTransient: true },
  UND_ERR_RES_CONTENT_LENGTH_MISMATCH: {
    text: 'not as many bytes arrived as were announced',
    isTransient: true,
  },
  UND_ERR_HEADERS_OVERFLOW: { text: 'its response headers are too long', isTransient: false },
};

/** Turns what a connection failed with into a SourceError; one that is explained already passes through. */
export function explainFailure(error: unknown, what: string): SourceError {
  if (error instanceof SourceError) return error;
  if (error instanceof AddressRefused)
    return new SourceError(`${what} ${error.reason}`, { cause: error });
  const code = codeOf(error);
  const { text, isTransient } = EXPLANATIONS[code] ?? explainUnknown(error, code);
  return new SourceError(`${what} cannot be read: ${text}`, { isTransient, cause: error });
}

function explainUnknown(error: unknown, code: string): Explanation {
  if (code.startsWith('HPE_')) return { text: 'its answer is not valid HTTP', isTransient: false };
  if (/CERT|SELF_SIGNED|UNABLE_TO_VERIFY|ERR_TLS|ERR_SSL|EPROTO/.test(code)) {
    return { text: `no secure connection could be made (${code})`, isTransient: false };
  }
  // Not the message: it may quote what was sent.
  const kind = code === '' && error instanceof Error ? error.name : code;
  return { text: `the transfer failed (${kind})`, isTransient: true };
}

/** Several addresses tried in vain give one error that holds the others. */
function codeOf(error: unknown): string {
  if (!(error instanceof Error)) return '';
  const { code } = error as NodeJS.ErrnoException;
  if (typeof code === 'string') return code;
  return error instanceof AggregateError ? codeOf(error.errors[0]) : '';
}
