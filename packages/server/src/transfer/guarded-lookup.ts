import { lookup as systemLookup } from 'node:dns/promises';
import type { LookupAddress, LookupOptions } from 'node:dns';
import { isIP } from 'node:net';
import type { LookupFunction } from 'node:net';
import { callbackify } from 'node:util';

import { judgeAddress } from './address-rules.ts';
import { AddressRefused } from './source-error.ts';

export type Resolve = (hostname: string) => Promise<LookupAddress[]>;

/**
 * A lookup for node:net that resolves once and hands out only what was checked, so that a second
 * answer cannot lead elsewhere. It fails with AddressRefused when any of the addresses is not allowed.
 */
export function createGuardedLookup(
  allowPrivate: boolean,
  resolve: Resolve = resolveWithSystem,
): LookupFunction {
  async function resolveChecked(
    hostname: string,
    { family }: LookupOptions,
  ): Promise<LookupAddress[]> {
    const addresses = await resolve(hostname);
    for (const { address } of addresses) {
      const refusal = refuse(hostname, address, allowPrivate);
      if (refusal !== null) throw refusal;
    }
    const wanted = addresses.filter((address) =>
      family === 4 || family === 6 ? address.family === family : true,
    );
    if (wanted.length === 0)
      throw Object.assign(new Error(`${hostname} has no address`), { code: 'ENOTFOUND' });
    return wanted;
  }

  const resolveWithCallback = callbackify(resolveChecked);
  return function lookup(hostname, options, callback) {
    resolveWithCallback(hostname, options, (error, addresses) => {
      if (error !== null) callback(error, []);
      else if (options.all === true) callback(null, addresses);
      else callback(null, addresses[0]?.address ?? '', addresses[0]?.family);
    });
  };
}

function refuse(hostname: string, address: string, allowPrivate: boolean): AddressRefused | null {
  const { access, label } = judgeAddress(address);
  if (access === 'public' || (access === 'private' && allowPrivate)) return null;
  return new AddressRefused(hostname, address, label, access === 'private');
}

/** The refusal of a host that is a literal address, or null: node:net asks no lookup for those. */
export function refuseLiteral(hostname: string, allowPrivate: boolean): AddressRefused | null {
  const address = hostname.replace(/^\[|\]$/g, '');
  return isIP(address) === 0 ? null : refuse(address, address, allowPrivate);
}

async function resolveWithSystem(hostname: string): Promise<LookupAddress[]> {
  return systemLookup(hostname, { all: true });
}
