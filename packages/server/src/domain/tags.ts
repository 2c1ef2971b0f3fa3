/**
 * Tags name components: `name`, `name@major`, `name@major.minor`, `name@major.minorrev<n>`; what is left
 * out means the highest there is. A `v` before the version is tolerated.
 */
export interface Tag {
  name: string;
  major: number | null;
  minor: number | null;
  revision: number | null;
}

export interface Version {
  major: number;
  minor: number;
}

/** Names: letters, digits, `-`, `_`; at most 64. */
export const NAME_PATTERN = /^[A-Za-z0-9_-]{1,64}$/;

/** Nine digits at most, so that every number fits an integer column; no leading zeros, so that one version has one spelling. */
const NUMBER = '(?:0|[1-9]\\d{0,8})';
const TAG_PATTERN = new RegExp(
  `^([A-Za-z0-9_-]{1,64})(?:@v?(${NUMBER})(?:\\.(${NUMBER})(?:rev([1-9]\\d{0,8}))?)?)?$`,
);
const VERSION_PATTERN = new RegExp(`^(${NUMBER})\\.(${NUMBER})$`);

/** The parts of a tag; null when it is none. */
export function parseTag(text: string): Tag | null {
  const match = TAG_PATTERN.exec(text.trim());
  const name = match?.[1];
  if (match === null || name === undefined) return null;
  return {
    name,
    major: numberOrNull(match[2]),
    minor: numberOrNull(match[3]),
    revision: numberOrNull(match[4]),
  };
}

/** The parts of an exact version, `major.minor`; null when it is none. */
export function parseVersion(text: string): Version | null {
  const match = VERSION_PATTERN.exec(text);
  return match === null ? null : { major: Number(match[1]), minor: Number(match[2]) };
}

export function formatVersion(version: Version): string {
  return `${version.major}.${version.minor}`;
}

/** The exact tag of one name and version. */
export function formatTag(component: Version & { name: string }): string {
  return `${component.name}@${formatVersion(component)}`;
}

/** Negative when `a` is the lower version. */
export function compareVersions(a: Version, b: Version): number {
  return a.major - b.major || a.minor - b.minor;
}

function numberOrNull(text: string | undefined): number | null {
  return text === undefined ? null : Number(text);
}
