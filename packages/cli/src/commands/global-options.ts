import type { Client } from '@bytenite/client';
import type { Command } from 'commander';
import type { GlobalOptions } from '../platform/find-platform.ts';
import { openSession } from '../platform/session.ts';

/** The options that stand before or after any command. */
export function globalOptions(command: Command): GlobalOptions {
  return command.optsWithGlobals<GlobalOptions>();
}

/** A client for the platform that the command line, the environment or the machine names. */
export function sessionOf(command: Command): Promise<Client> {
  return openSession(globalOptions(command));
}
