import { expect, test } from "vitest";
import { isPassing, joinFailureWords, type JoinFailure } from "./join-failure.ts";
import { proxyFor } from "./proxy-variables.ts";

const at = { host: "farm.example", port: 8270 };
const FAILURES: readonly JoinFailure[] = [
  { kind: "malformed-token", detail: "it has 12 characters" },
  { kind: "bad-url", url: "farm" },
  { kind: "plain-http", url: "http://farm.example:8270" },
  { kind: "unknown-host", host: "farm.example" },
  { kind: "no-answer", ...at, how: "the connection is refused" },
  { kind: "no-tls", ...at },
  { kind: "no-farm", url: "https://farm.example", what: "it has no /ca.pem (HTTP 404)" },
  { kind: "another-farm", expected: "abc", found: "xyz" },
  { kind: "intercepted", host: "farm.example", issuer: "Corp Proxy CA", proxy: null },
  { kind: "wrong-name", host: "10.0.0.1", names: ["localhost", "127.0.0.1"] },
  { kind: "clock-skew", hereMs: 0, thereMs: 3_600_000 },
  { kind: "token-used", detail: "the join token is used up; make another" },
  { kind: "token-expired", detail: "the join token expired at noon" },
  { kind: "token-unknown", detail: "the farm knows no such join token" },
  { kind: "revoked", detail: "lost laptop" },
  { kind: "refused", status: 403, detail: "no" },
  { kind: "unavailable", status: 503, detail: "starting" },
];

test("each failure has a message of its own, and says what to do", () => {
  const words = FAILURES.map(joinFailureWords);
  expect(new Set(words.map(({ message }) => message.slice(0, 24))).size).toBe(FAILURES.length);
  for (const { message, advice } of words) {
    expect(message).toMatch(/[.:a-z0-9]$/i);
    expect(advice).toMatch(/^[A-Z].*\.$/);
  }
});

test("a wrong clock is told with both times and what lies between", () => {
  const { message } = joinFailureWords({ kind: "clock-skew", hereMs: 0, thereMs: 3_600_000 * 5 });
  expect(message).toContain("1970-01-01 00:00:00 UTC");
  expect(message).toContain("1970-01-01 05:00:00 UTC");
  expect(message).toContain("5 h apart");
});

test("a proxy of the environment is named, with NO_PROXY as the way past it, and without its password", () => {
  const proxy = proxyFor("farm.example", { HTTPS_PROXY: "http://me:secret@proxy:3128" });
  const { advice } = joinFailureWords({ kind: "intercepted", host: "farm.example", issuer: "X", proxy });
  expect(advice).toContain("HTTPS_PROXY");
  expect(advice).toContain("put farm.example into NO_PROXY");
  expect(advice).not.toContain("secret");
});

test("NO_PROXY holds for a name, what lies below it, and everything", () => {
  const env = { https_proxy: "http://p" };
  expect(proxyFor("a.farm.example", env)).toEqual({ variable: "https_proxy", value: "http://p" });
  for (const exempt of [
    "a.farm.example",
    "farm.example",
    ".farm.example",
    "*.farm.example",
    "*",
    "x, farm.example:443",
  ]) {
    expect(proxyFor("A.farm.example", { ...env, NO_PROXY: exempt })).toBeNull();
  }
  expect(proxyFor("notfarm.example", { ...env, no_proxy: "farm.example" })).not.toBeNull();
});

test("only what may pass by itself is worth another try", () => {
  const kinds = FAILURES.filter(isPassing).map(({ kind }) => kind);
  expect(kinds).toEqual(["unknown-host", "no-answer", "unavailable"]);
});
