/** A test that a machine cannot run is left out, but never in silence. */

/** Whether everything is there; says on stderr what is not. */
export function canOrSay(what: string, needs: Readonly<Record<string, boolean>>): boolean {
  const missing = Object.keys(needs).filter((name) => !needs[name]);
  if (missing.length === 0) return true;
  process.stderr.write(`SKIPPED, ${what}: cannot run without ${missing.join(' and ')}\n`);
  return false;
}
