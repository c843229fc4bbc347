const SCALES: Readonly<Record<string, readonly (readonly [factor: number, unit: string])[]>> = {
  s: [
    [1, "s"],
    [1e-3, "ms"],
    [1e-6, "µs"],
    [1e-9, "ns"],
  ],
  B: [
    [1e9, "GB"],
    [1e6, "MB"],
    [1e3, "kB"],
    [1, "B"],
  ],
  "B/s": [
    [1e9, "GB/s"],
    [1e6, "MB/s"],
    [1e3, "kB/s"],
    [1, "B/s"],
  ],
  "1/s": [
    [1e9, "G/s"],
    [1e6, "M/s"],
    [1e3, "k/s"],
    [1, "/s"],
  ],
};

/** A value in base units for people: 0.00123 s → `1.23 ms`. */
export function valueText(value: number, unit: string): string {
  const scales = Object.hasOwn(SCALES, unit) ? (SCALES[unit] ?? []) : [];
  const [factor, name] = scales.find(([from]) => Math.abs(value) >= from) ??
    scales.at(-1) ?? [1, unit === "1" ? "" : unit];
  return `${digits(value / factor)} ${name}`.trim();
}

/** Three digits that mean something, and no power of ten. */
function digits(value: number): string {
  const size = Math.abs(value);
  if (Number.isInteger(value) || size >= 100) return String(Math.round(value));
  return size === 0 ? "0" : String(Number(value.toPrecision(3)));
}

/** A ratio as a change: 1.048 → `+4.8 %`; null: it has no bound. */
export function changeText(ratio: number | null): string {
  if (ratio === null) return "unbounded";
  const change = 100 * (ratio - 1);
  return `${change < 0 ? "−" : "+"}${Math.abs(change).toFixed(1)} %`;
}
