import { scaled } from "../text/scale.ts";
import { lookup } from "../text/lookup.ts";
import type { KernelMetric } from "./kernel.ts";

const TIMES: Readonly<Record<string, number>> = {
  s: 1,
  second: 1,
  ms: 1e-3,
  msecond: 1e-3,
  us: 1e-6,
  usecond: 1e-6,
  ns: 1e-9,
  nsecond: 1e-9,
  ps: 1e-12,
  psecond: 1e-12,
};

/** Nsight Compute's prefixes are decimal, its Kbyte 1,000 bytes. */
const PREFIXES: Readonly<Record<string, number>> = { "": 1, K: 1e3, M: 1e6, G: 1e9, T: 1e12, P: 1e15 };

const COUNTED: Readonly<Record<string, string>> = {
  byte: "B",
  hz: "Hz",
  cycle: "cycle",
  inst: "inst",
  sector: "sector",
};

/**
 * A value with a unit of Nsight Compute in base units. The names changed
 * between versions (`nsecond`, `ns`), and `--print-units base` does not reach
 * every page: so prefixes are undone. A unit that is not one of these is kept
 * as it is named, its value untouched.
 */
export function inBaseUnits(value: number, written: string): KernelMetric {
  const [above = "", below] = written.split("/");
  const time = lookup(TIMES, above);
  if (time !== undefined && below === undefined) return { value: scaled(value, time), unit: "s" };
  const prefixed = /^(?<prefix>[KMGTP]?)(?<what>byte|hz|cycle|inst|sector)s?$/u.exec(above)?.groups;
  const counted = prefixed && lookup(COUNTED, prefixed["what"] ?? "");
  if (counted === undefined) return { value, unit: written };
  const factor = lookup(PREFIXES, prefixed?.["prefix"] ?? "") ?? 1;
  if (below === undefined) return { value: value * factor, unit: counted };
  const per = lookup(TIMES, below);
  return per === undefined
    ? { value: value * factor, unit: `${counted}/${below}` }
    : { value: value * factor * Math.round(1 / per), unit: `${counted}/s` };
}
