/** The runner's program. It ends by itself on SIGTERM, SIGINT or the end of its parent, after a drain. */
import { RUNNER_REFUSED_EXIT } from '@bytenite/contract';
import { pino } from 'pino';
import { readConfig, readLogLevel, readProbeConfig } from './config.ts';
import { describeError } from './errors.ts';
import { probe } from './probe.ts';
import { Refused, Runner } from './runner.ts';

/** What is kept in memory while it cannot be written. */
const HELD_LOG_BYTES = 4 * 1024 * 1024;

async function main(): Promise<void> {
  const stderr = pino.destination({ dest: 2, sync: true, maxLength: HELD_LOG_BYTES });
  // A file on a full disk: lines come when there is room.
  stderr.on('error', () => undefined);
  const log = pino({ name: 'runner' }, stderr);
  const shutdown = new AbortController();
  for (const event of ['SIGTERM', 'SIGINT'] as const) {
    process.on(event, () => shutdown.abort());
  }
  // The supervisor's channel: when it closes, the supervisor is gone.
  if (process.send) process.once('disconnect', () => shutdown.abort());
  const argv = process.argv.slice(2);
  const isRoot = process.getuid?.() === 0;
  try {
    log.level = readLogLevel(argv, process.env);
    const probeConfig = readProbeConfig(argv, isRoot);
    if (probeConfig !== undefined) {
      process.stdout.write(`${JSON.stringify(await probe(probeConfig, log, shutdown.signal))}\n`);
      return;
    }
    const config = readConfig(argv, isRoot);
    const runner = await Runner.start(config, log, shutdown.signal);
    log.info('ready');
    process.send?.({ ready: true, ...runner.isolation, ...runner.offer });
    await runner.run(shutdown.signal);
  } catch (error) {
    if (!shutdown.signal.aborted) {
      log.fatal({ error: describeError(error) }, 'the runner cannot go on');
      process.exitCode = error instanceof Refused ? RUNNER_REFUSED_EXIT : 1;
    }
  } finally {
    if (process.connected) process.disconnect();
  }
}

await main();
