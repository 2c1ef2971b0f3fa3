import ipaddr from 'ipaddr.js';

/**
 * Who may be reached: `public` always, `private` when the operator allows it, `never` not even then
 * (link-local and metadata addresses hand out the machine's own credentials).
 */
export interface AddressVerdict {
  access: 'public' | 'private' | 'never';
  /** For messages: "the <label> address 10.0.0.5". */
  label: string;
}

const PUBLIC: AddressVerdict = { access: 'public', label: 'public' };
const RESERVED: AddressVerdict = { access: 'never', label: 'reserved' };
const METADATA: AddressVerdict = { access: 'never', label: 'cloud metadata' };

const VERDICTS: Readonly<Record<string, AddressVerdict>> = {
  unicast: PUBLIC,
  private: { access: 'private', label: 'private' },
  uniqueLocal: { access: 'private', label: 'private' },
  carrierGradeNat: { access: 'private', label: 'carrier-grade NAT' },
  loopback: { access: 'private', label: 'loopback' },
  linkLocal: { access: 'never', label: 'link-local' },
  multicast: { access: 'never', label: 'multicast' },
  unspecified: { access: 'never', label: 'unspecified' },
};

/** Metadata services that lie outside the link-local range. */
const METADATA_ADDRESSES = new Set([
  '168.63.129.16',
  '100.100.100.200',
  '192.0.0.192',
  'fd00:ec2::254',
  'fd20:ce::254',
]);

const GLOBAL_UNICAST = ipaddr.IPv6.parseCIDR('2000::/3');
const NAT64 = ipaddr.IPv6.parseCIDR('64:ff9b::/96');
const SIX_TO_FOUR = ipaddr.IPv6.parseCIDR('2002::/16');

/** Judges an IPv4 or IPv6 address in its usual notation; what cannot be read is reserved. */
export function judgeAddress(text: string): AddressVerdict {
  const address = parse(text);
  if (address === null) return RESERVED;
  if (METADATA_ADDRESSES.has(address.toString())) return METADATA;
  if (address instanceof ipaddr.IPv4) return judgeRange(address.range());

  const bytes = address.toByteArray();
  if (address.match(NAT64)) return judgeEmbedded(bytes.slice(12));
  if (address.match(SIX_TO_FOUR)) return judgeEmbedded(bytes.slice(2, 6));
  const verdict = judgeRange(address.range());
  // The library calls all that it has no name for unicast; only 2000::/3 is given out.
  return verdict.access === 'public' && !address.match(GLOBAL_UNICAST) ? RESERVED : verdict;
}

function parse(text: string): ipaddr.IPv4 | ipaddr.IPv6 | null {
  const withoutZone = text.replace(/%.*$/, '');
  return ipaddr.isValid(withoutZone) ? ipaddr.parse(withoutZone) : null;
}

function judgeRange(range: string): AddressVerdict {
  return VERDICTS[range] ?? RESERVED;
}

/** A translator on the way sends the packet to the IPv4 address inside: that one counts. */
function judgeEmbedded(bytes: number[]): AddressVerdict {
  return judgeAddress(bytes.join('.'));
}
