import { NO_DEVICE_CODE, type BinaryFacts } from "./binary-facts.ts";
import type { WheelBinary, WheelFacts } from "./audit-wheel.ts";
import type { WheelWish } from "../job.ts";

// Wheels as an audit sees them, for tests.

export const PLAIN_WISH: WheelWish = {
  kind: "native",
  torch: null,
  cuda: null,
  index: "any",
  localVersion: null,
  cxx11Abi: null,
  archList: [],
  policy: null,
};

/** A library for Linux on x86_64 that needs nothing. */
export function binary(path: string, facts: Partial<BinaryFacts> = {}, sizeBytes = 1_000): WheelBinary {
  const plain: BinaryFacts = {
    format: "elf",
    machines: ["x86_64"],
    needed: [],
    soname: null,
    rpaths: [],
    symbolVersions: [],
    macos: null,
    device: NO_DEVICE_CODE,
  };
  return { path, sizeBytes, facts: { ...plain, ...facts } };
}

export function wheelOf(tags: string, binaries: readonly WheelBinary[], more: Partial<WheelFacts> = {}): WheelFacts {
  return { filename: `demo-1.0-${tags}.whl`, sizeBytes: 10_000, binaries, unreadable: [], unhashed: [], ...more };
}
