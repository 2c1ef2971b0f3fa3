/** The server's log: lines of JSON on stderr, from which whatever opens something is taken out. */
import { pino, type DestinationStream, type Logger } from 'pino';

/** Fields that no caller should log; should one do it all the same, this is what is written. */
const CENSOR = '[hidden]';
const HIDDEN = [
  'apiKey',
  'authorization',
  'accessKey',
  'masterKey',
  'password',
  'secret',
  'secretKey',
  'token',
].flatMap((name) => [name, `*.${name}`]);

export function createLogger(level: string, destination: DestinationStream = openStderr()): Logger {
  return pino({ name: 'server', level, redact: { paths: HIDDEN, censor: CENSOR } }, destination);
}

/** What is kept in memory while it cannot be written. */
const HELD_BYTES = 4 * 1024 * 1024;

/** Where stderr is a file on a full disk, the server goes on; lines come when there is room, as far as they are kept. */
function openStderr(): DestinationStream {
  const destination = pino.destination({ dest: 2, sync: false, maxLength: HELD_BYTES });
  destination.on('error', () => undefined);
  return destination;
}
