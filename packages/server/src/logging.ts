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

export function createLogger(
  level: string,
  destination: DestinationStream = pino.destination({ dest: 2, sync: false }),
): Logger {
  return pino({ name: 'server', level, redact: { paths: HIDDEN, censor: CENSOR } }, destination);
}
