/**
 * A child as `up` starts them: says that it is ready, and ends on SIGTERM or when its supervisor is gone.
 * FAKE_CHILD tells it to behave badly; each start and end adds a line to FAKE_CHILD_LOG.
 */
import { appendFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { parseArgs } from 'node:util';

const name = process.argv.includes('--server') ? 'runner' : 'server';
const faults = (process.env['FAKE_CHILD'] ?? '').split(' ');
const { values } = parseArgs({ strict: false, options: { port: { type: 'string' } } });

/** @param {string} what */
function note(what) {
  appendFileSync(process.env['FAKE_CHILD_LOG'] ?? '/dev/null', `${name} ${what} ${process.pid}\n`);
}

/** @param {string} why */
function end(why) {
  if (faults.includes(`${name}-ignores-stop`)) return;
  note(`ended-${why}`);
  process.exit(0);
}

process.on('SIGTERM', () => end('stopped'));
process.on('SIGINT', () => note('interrupted'));
process.once('disconnect', () => end('orphaned'));
note('started');
process.stderr.write(`${JSON.stringify({ msg: `${name} speaks` })}\n`);

if (faults.includes(`${name}-fails`)) {
  process.stderr.write(`${JSON.stringify({ msg: 'cannot go on', error: 'the reason' })}\n`);
  process.exit(1);
}
if (name === 'server') {
  createServer((_, response) => response.end('ok')).listen(Number(values['port']), ready);
} else {
  setInterval(() => undefined, 60_000);
  ready();
}

function ready() {
  process.send?.({ ready: true, apiKeyCreated: false, tier: 'process' });
}
