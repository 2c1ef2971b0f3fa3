import type { CacheScope } from '@bytenite/contract';
import type { Command } from 'commander';

export interface SharedOption {
  shared?: true;
}

export function addSharedOption(command: Command, text: string): Command {
  return command.option('--shared', text);
}

export function scopeOf({ shared }: SharedOption): CacheScope {
  return shared ? 'shared' : 'user';
}

export function cacheWords({ shared }: SharedOption): string {
  return shared ? 'the shared cache' : 'your cache';
}
