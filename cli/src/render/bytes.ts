const UNITS = ["bytes", "KiB", "MiB", "GiB", "TiB"] as const;

/** A size for people: `812 bytes`, `1.5 MiB`. */
export function bytes(count: number): string {
  let value = count;
  let unit = 0;
  while (value >= 1024 && unit < UNITS.length - 1) {
    value /= 1024;
    unit += 1;
  }
  return unit === 0 ? `${value} ${count === 1 ? "byte" : "bytes"}` : `${value.toFixed(1)} ${UNITS[unit]}`;
}
