import { expect, test } from "vitest";
import { formatBytes, formatDuration } from "./units.ts";

test.each([
  [250, "250 ms"],
  [12_500, "12.5 s"],
  [90_000, "90 s"],
  [600_000, "10 min"],
  [7_200_000, "2 h"],
])("%d ms reads as %s", (ms, text) => expect(formatDuration(ms)).toBe(text));

test.each([
  [512, "512 bytes"],
  [1_536, "1.5 KiB"],
  [1024 ** 2, "1 MiB"],
  [2.5 * 1024 ** 3, "2.5 GiB"],
])("%d bytes read as %s", (bytes, text) => expect(formatBytes(bytes)).toBe(text));
