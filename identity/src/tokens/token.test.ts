import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { makeToken, parseToken, tokenDigest } from "../index.ts";

const fingerprint = "_".repeat(20) + "-".repeat(23);

describe("a token", () => {
  it("carries its kind, the farm's fingerprint and a secret, whatever characters the fingerprint has", () => {
    const text = makeToken("join", fingerprint);
    expect(parseToken(` ${text}\n`)).toEqual({
      ok: true,
      token: { kind: "join", fingerprint, secret: text.slice(-32) },
    });
    expect(makeToken("join", fingerprint)).not.toBe(text);
  });

  it.each([
    ["", /empty/],
    ["ghp_1234", /no token of Kiln/],
    [makeToken("api", fingerprint).slice(0, -1), /cut off: it has 84 of 85 characters/],
    [`${makeToken("api", fingerprint)}x`, /1 characters too many/],
    [makeToken("api", fingerprint).replace(/.$/, "!"), /damaged/],
  ])("that is wrong, as %j is, is refused in words that do not repeat it", (text, message) => {
    const parsed = parseToken(text);
    expect(parsed).toEqual({ ok: false, message: expect.stringMatching(message) });
    if (text.length > 0) expect(JSON.stringify(parsed)).not.toContain(text);
  });

  it("is one or none, for any text", () => {
    fc.assert(fc.property(fc.string(), (text) => !parseToken(text).ok));
  });

  it("has a digest that is not it, the same every time", () => {
    const text = makeToken("join", fingerprint);
    expect(tokenDigest(text)).toMatch(/^[0-9a-f]{64}$/);
    expect(tokenDigest(` ${text}\n`)).toBe(tokenDigest(text));
  });
});
