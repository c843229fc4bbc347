import { expect, test } from "vitest";
import { isLoopback, parseExpiry, parseLabelOptions } from "./options.ts";

test("times are minutes, hours or days", () => {
  expect(["30m", "1h", "7d"].map(parseExpiry)).toEqual([1_800_000, 3_600_000, 604_800_000]);
  for (const text of ["", "1", "1s", "0h", "h", "1.5h", "366d"]) expect(() => parseExpiry(text)).toThrow("--expires");
});

test("labels are what the farm takes", () => {
  expect(parseLabelOptions(["rack=a3", "tier=x=y"])).toEqual({ rack: "a3", tier: "x=y" });
  for (const pair of ["rack", "Rack=a", "rack=", "rack=a b", "rack=a,b", `k=${"x".repeat(64)}`]) {
    expect(() => parseLabelOptions([pair])).toThrow("key=value");
  }
});

test("a loopback address is known", () => {
  expect(["https://127.0.0.1:1", "https://[::1]:1", "https://localhost", "https://10.0.0.1"].map(isLoopback)).toEqual([
    true,
    true,
    true,
    false,
  ]);
});
