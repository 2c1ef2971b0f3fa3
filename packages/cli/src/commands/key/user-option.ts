import { Option } from 'commander';

export function userOption(): Option {
  return new Option('--user <name>', "another user's (administrators)");
}
