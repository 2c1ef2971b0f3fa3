import { ConnectionError, RemoteError } from '@bytenite/client';
import { NO_SPACE_REASON } from '@bytenite/contract';
import { CliError } from './errors.ts';

const RETRY_LATER = 'try again in a moment; the platform may be starting or overloaded';

/** An error of the client in the words of the CLI; every other one is returned as it is. */
export function describeError(error: unknown): unknown {
  if (error instanceof RemoteError) return describeRemote(error);
  if (error instanceof ConnectionError) {
    return new CliError(error.message, {
      fix: [
        'start a platform on this machine: bytenite up',
        'or name the one to use: --url URL, or BYTENITE_API_URL',
      ],
    });
  }
  return error;
}

function describeRemote(error: RemoteError): CliError {
  const fix = fixOf(error);
  const { violations } = error;
  const isTold = violations.every(({ description }) => error.message.includes(description));
  const why = violations.map(({ field, description }) => `${field}  ${description}`);
  // The message often strings the violations together: one is best read there, several as a list.
  const message =
    isTold && why.length > 1 ? `the platform refuses this: ${why.length} problems` : error.message;
  if (isTold && why.length === 1) why.pop();
  if (error.status >= 500 && error.reason !== NO_SPACE_REASON && error.requestId !== '') {
    why.push(`the platform's log has more under request ${error.requestId}`);
  }
  return new CliError(message, { why, fix: fix === undefined ? [] : [fix] });
}

function fixOf(error: RemoteError): string | undefined {
  switch (error.kind) {
    case 'UNAUTHENTICATED':
      return 'sign in with a valid key: bytenite auth --api-key KEY';
    case 'PERMISSION_DENIED':
      return "use an administrator's key: --api-key KEY, or BYTENITE_API_KEY";
    case 'UNAVAILABLE':
      // Its message says what to do.
      return error.reason === NO_SPACE_REASON ? undefined : RETRY_LATER;
    case 'DEADLINE_EXCEEDED':
      return RETRY_LATER;
    case 'RESOURCE_EXHAUSTED':
      return error.retryAfter === null ? RETRY_LATER : `try again in ${error.retryAfter} s`;
    case 'NOT_FOUND': {
      const thing = ['job', 'template', 'app', 'engine'].find((t) => error.message.startsWith(t));
      return thing === undefined ? undefined : `see what there is: bytenite ${thing} list`;
    }
    default:
      return undefined;
  }
}
