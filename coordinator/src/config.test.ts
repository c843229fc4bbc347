import { describe, expect, it } from "vitest";
import { ConfigError, readConfig } from "./config.ts";

const good = { KILN_COORDINATOR_DIR: "/data", KILN_IDENTITY_DIR: "/identity", KILN_TOKEN: "0123456789abcdef" };

describe("a coordinator's configuration", () => {
  it("has defaults for all but its folder and its secret", () => {
    expect(readConfig(good)).toMatchObject({
      httpAddress: { host: "127.0.0.1", port: 8270 },
      grpcAddress: { host: "127.0.0.1", port: 8271 },
      leaseTtlMs: 15_000,
      logLevel: "info",
    });
  });

  it("takes IPv6 addresses in brackets", () => {
    expect(readConfig({ ...good, KILN_HTTP_ADDRESS: "[::1]:80" }).httpAddress).toEqual({ host: "::1", port: 80 });
  });

  it("takes several upstream indexes, and PyTorch's with a place for the variant", () => {
    const KILN_UPSTREAM_INDEX = " https://a.example/simple\n file:///srv/simple ";
    const KILN_TORCH_INDEX = "https://a.example/whl/{variant}";
    expect(readConfig({ ...good, KILN_UPSTREAM_INDEX, KILN_TORCH_INDEX })).toMatchObject({
      upstreamIndexes: ["https://a.example/simple", "file:///srv/simple"],
      torchIndex: KILN_TORCH_INDEX,
    });
    expect(readConfig(good)).toMatchObject({ upstreamIndexes: [], torchIndex: null });
  });

  it.each([
    [{ KILN_COORDINATOR_DIR: "" }, /KILN_COORDINATOR_DIR is not set/],
    [{ KILN_IDENTITY_DIR: "" }, /KILN_IDENTITY_DIR is not set/],
    [{ KILN_TOKEN: "short" }, /KILN_TOKEN is shorter than 16/],
    [{ KILN_LEASE_TTL_MS: "soon" }, /KILN_LEASE_TTL_MS is "soon".*whole number from 1000 to 600000/],
    [{ KILN_LEASE_TTL_MS: "1" }, /from 1000/],
    [{ KILN_HTTP_ADDRESS: "8270" }, /KILN_HTTP_ADDRESS is "8270": write host:port/],
    [{ KILN_HTTP_ADDRESS: "localhost:99999" }, /host:port/],
    [
      { KILN_UPSTREAM_INDEX: "https://a.example ftp://me:secret@b.example" },
      /^KILN_UPSTREAM_INDEX has something that is/,
    ],
    [{ KILN_TORCH_INDEX: "https://a.example/whl" }, /KILN_TORCH_INDEX has no \{variant\} in it/],
    [{ KILN_LOG_LEVEL: "loud" }, /KILN_LOG_LEVEL is "loud".*fatal, error/],
  ])("says which variable is wrong and what it must be: %o", (wrong, message) => {
    expect(() => readConfig({ ...good, ...wrong })).toThrow(ConfigError);
    expect(() => readConfig({ ...good, ...wrong })).toThrow(message);
  });
});
