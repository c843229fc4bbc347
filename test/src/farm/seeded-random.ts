/** Random choices that a printed seed repeats. */
export interface SeededRandom {
  /** From `min` to `max`, both included. */
  integer(min: number, max: number): number;
  shuffle<T>(items: readonly T[]): T[];
}

/** The seed that the environment variable names, or a new one. */
export function seedOf(variable: string): number {
  const given = Number(process.env[variable]);
  return Number.isInteger(given) && given > 0 ? given : 1 + Math.floor(Math.random() * 0x7fff_ffff);
}

/** mulberry32, a small public-domain generator by Tommy Ettinger: enough for choosing moments. */
export function randomFrom(seed: number): SeededRandom {
  let state = seed >>> 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 0x1_0000_0000;
  };
  const integer = (min: number, max: number): number => min + Math.floor(next() * (max - min + 1));
  const shuffle = <T>(items: readonly T[]): T[] => {
    const left = [...items];
    return items.map(() => left.splice(integer(0, left.length - 1), 1)[0] as T);
  };
  return { integer, shuffle };
}
