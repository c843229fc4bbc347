/** "3.9" before "3.10" before "3.13" before "3.13t". */
export function comparePythons(left: string, right: string): number {
  const key = (feature: string): number => {
    const match = /^(\d+)\.(\d+)(t?)/.exec(feature);
    return match === null ? Infinity : Number(match[1]) * 10_000 + Number(match[2]) * 2 + (match[3] === "t" ? 1 : 0);
  };
  const difference = key(left) - key(right);
  return Number.isNaN(difference) || difference === 0 ? left.localeCompare(right) : difference;
}
