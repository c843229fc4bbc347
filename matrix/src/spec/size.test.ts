import { describe, expect, test } from "vitest";
import { parseSizeBytes, suggestSize } from "./size.ts";

describe("parseSizeBytes", () => {
  test.for([
    ["16MiB", 16 * 1024 * 1024],
    ["1GB", 1_000_000_000],
    ["2GiB", 2 * 1024 ** 3],
    ["64KiB", 65_536],
    ["1kB", 1000],
    ["512B", 512],
  ] as const)("%s is %d bytes", ([text, bytes]) => {
    expect(parseSizeBytes(text)).toBe(bytes);
  });

  test.for(["", "64", "64M", "64 MiB", "1.5GiB", "-1B", "1TB", "64mib"])("%j is no size", (text) => {
    expect(parseSizeBytes(text)).toBeNull();
  });

  test.for([
    ["64", "64MiB"],
    ["64M", "64MiB"],
    ["64 mb", "64MB"],
    ["64mib", "64MiB"],
    ["100 bytes", "100B"],
    ["much", null],
  ] as const)("for %j it suggests %j", ([text, suggestion]) => {
    expect(suggestSize(text)).toBe(suggestion);
    if (suggestion !== null) expect(parseSizeBytes(suggestion)).not.toBeNull();
  });
});
