/**
 * A value in another unit. A factor below one is one part in a whole number
 * (1e-9, 0.01): dividing by that rounds once, so that 5 µs are 5e-6 s.
 */
export function scaled(value: number, factor: number): number {
  return factor < 1 ? value / Math.round(1 / factor) : value * factor;
}
