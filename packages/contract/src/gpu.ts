/** Which GPU fits a task; server and runner decide it alike. */

/** Case-insensitive, and either may be a part of the other: `T4` fits `NVIDIA Tesla T4`. */
export function matchesGpu(model: string, acceptable: readonly string[]): boolean {
  const has = model.toLowerCase();
  return acceptable.some((wanted) => {
    const asked = wanted.toLowerCase();
    return has.includes(asked) || asked.includes(has);
  });
}

/** The place among GPUs of the first that fits; null where none does, or none is wanted. */
export function findGpu(models: readonly string[], acceptable: readonly string[]): number | null {
  if (acceptable.length === 0) return null;
  const at = models.findIndex((model) => matchesGpu(model, acceptable));
  return at < 0 ? null : at;
}
