import { lookup } from "../text/lookup.ts";
import type { Direction, Unit } from "./measurement.ts";

interface KnownUnit {
  readonly unit: Unit;
  /** Value in `unit` = value as written × factor. */
  readonly factor: number;
  /** Undefined when the unit alone does not tell. */
  readonly better: Direction | undefined;
}

const TIME: Readonly<Record<string, number>> = {
  ns: 1e-9,
  nsec: 1e-9,
  nanosecond: 1e-9,
  nanoseconds: 1e-9,
  us: 1e-6,
  µs: 1e-6,
  μs: 1e-6,
  usec: 1e-6,
  microsecond: 1e-6,
  microseconds: 1e-6,
  ms: 1e-3,
  msec: 1e-3,
  millisecond: 1e-3,
  milliseconds: 1e-3,
  s: 1,
  sec: 1,
  second: 1,
  seconds: 1,
  min: 60,
  minutes: 60,
  h: 3600,
  hours: 3600,
};

/** SI prefixes are decimal and IEC ones binary (IEC 80000-13). */
const BYTES: Readonly<Record<string, number>> = {
  b: 1,
  byte: 1,
  bytes: 1,
  kb: 1e3,
  mb: 1e6,
  gb: 1e9,
  tb: 1e12,
  kib: 2 ** 10,
  mib: 2 ** 20,
  gib: 2 ** 30,
  tib: 2 ** 40,
};

const PLAIN: Readonly<Record<string, number>> = { "1": 1, count: 1, ratio: 1, x: 1, "%": 0.01, percent: 0.01 };

/**
 * `ms`, `MiB`, `GB/s`, `items/s`, `tokens/s`, `count`, `ratio`, `%`: what a
 * value in it times `factor` is counted in. Undefined for a unit that is not
 * known: guessing would be a wrong number. A rate counts anything per second.
 */
export function unitNamed(text: string): KnownUnit | undefined {
  const name = text.trim();
  const time = lookup(TIME, name) ?? lookup(TIME, name.toLowerCase());
  if (time !== undefined) return { unit: "s", factor: time, better: "lower" };
  const bytes = lookup(BYTES, name.toLowerCase());
  if (bytes !== undefined) return { unit: "B", factor: bytes, better: "lower" };
  const plain = lookup(PLAIN, name.toLowerCase());
  if (plain !== undefined) return { unit: "1", factor: plain, better: undefined };
  const rate = /^(?<what>[A-Za-z]+)(?:\/s|\/sec|\/second|ps)$/u.exec(name)?.groups?.["what"];
  if (rate === undefined) return undefined;
  const rateOfBytes = lookup(BYTES, rate.toLowerCase());
  return rateOfBytes === undefined
    ? { unit: "1/s", factor: lookup(PREFIXED_RATES, rate.toLowerCase()) ?? 1, better: "higher" }
    : { unit: "B/s", factor: rateOfBytes, better: "higher" };
}

const PREFIXED_RATES: Readonly<Record<string, number>> = { kflop: 1e3, mflop: 1e6, gflop: 1e9, tflop: 1e12 };

/** For messages. */
export const UNITS_KNOWN = "ns, us, ms, s, B, KB, MiB, …, GB/s, items/s, count, ratio or %";
