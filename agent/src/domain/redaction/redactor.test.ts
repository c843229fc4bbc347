import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { SecretBook } from "./secret-book.ts";
import { REDACTED } from "./redactor.ts";

const utf8 = new TextEncoder();

/** Cuts the text at these places and redacts it piece by piece; `flushes` says after which pieces a step ends. */
function redacted(
  book: SecretBook,
  text: string,
  cuts: readonly number[] = [],
  flushes: readonly boolean[] = [],
): string {
  const bytes = utf8.encode(text);
  const places = [...cuts.map((cut) => cut % (bytes.length + 1)), bytes.length].sort((a, b) => a - b);
  const parts: Uint8Array[] = [];
  const redactor = book.redactor((part) => parts.push(part.slice()));
  let from = 0;
  places.forEach((to, index) => {
    const piece = bytes.slice(from, to);
    redactor.push(piece);
    // The caller may use its buffer again.
    piece.fill(0);
    if (flushes[index] ?? false) redactor.flush();
    from = to;
  });
  redactor.flush();
  return Buffer.concat(parts).toString("utf8");
}

/** Few letters, so that beginnings of secrets are everywhere and secrets overlap. */
const letters = (minLength: number, maxLength: number) =>
  fc.array(fc.constantFrom("a", "b", "\n", "é"), { minLength, maxLength }).map((all) => all.join(""));
const secret = fc.array(fc.constantFrom("a", "b"), { minLength: 6, maxLength: 12 }).map((all) => all.join(""));
const cuts = fc.array(fc.nat(1_000), { maxLength: 30 });

describe("a stream of output without its secrets", () => {
  test("is the same however it was cut, holds no secret, and is unchanged elsewhere", () => {
    const texts = fc.array(fc.oneof(letters(0, 20), secret), { maxLength: 12 }).map((all) => all.join(""));
    fc.assert(
      fc.property(fc.array(secret, { minLength: 1, maxLength: 3 }), texts, cuts, (secrets, text, places) => {
        const book = new SecretBook(secrets.map((value) => ({ value })));
        // With a line's end nothing is left that may become a secret.
        const shown = redacted(book, `${text}\n`, places);
        const longestFirst = [...new Set(secrets)].toSorted((a, b) => b.length - a.length);
        expect(shown).toBe(`${text}\n`.replaceAll(new RegExp(longestFirst.join("|"), "g"), REDACTED));
        for (const one of secrets) expect(shown).not.toContain(one);
      }),
      { numRuns: 1_000 },
    );
  });

  test("gives no secret away where steps end in the middle of one", () => {
    const texts = fc.array(fc.oneof(letters(0, 9), secret), { maxLength: 8 }).map((all) => all.join(""));
    fc.assert(
      fc.property(secret, texts, cuts, fc.array(fc.boolean(), { maxLength: 30 }), (value, text, places, flushes) => {
        expect(redacted(new SecretBook([{ value }]), text, places, flushes)).not.toContain(value);
      }),
      { numRuns: 1_000 },
    );
  });

  test("keeps colours, and bytes that are no text", () => {
    const parts: Uint8Array[] = [];
    const redactor = new SecretBook([{ value: "hunter22" }]).redactor((part) => parts.push(part.slice()));
    const before = Buffer.from([0xff, 0xfe, 0x1b, 0x5b, 0x33, 0x31, 0x6d]);
    redactor.push(Buffer.concat([before, Buffer.from("hunt")]));
    redactor.push(Buffer.concat([Buffer.from("er22"), before]));
    expect(Buffer.concat(parts)).toEqual(Buffer.concat([before, Buffer.from(REDACTED), before]));
  });

  test("comes at once up to where a secret may begin", () => {
    const parts: string[] = [];
    const redactor = new SecretBook([{ value: "hunter22" }]).redactor((part) =>
      parts.push(Buffer.from(part).toString()),
    );
    redactor.push(Buffer.from("done\npassword: hunt"));
    expect(parts).toEqual(["done\npassword: "]);
    redactor.push(Buffer.from("ing season\n"));
    expect(parts.join("")).toBe("done\npassword: hunting season\n");
  });

  test("has no part of six bytes or more of a secret that the end of a step cut off", () => {
    const book = new SecretBook([{ value: "correct-horse-battery" }]);
    expect(redacted(book, "key: correct-horse-batt")).toBe("key: ***");
    expect(redacted(book, "key: corr")).toBe("key: corr");
  });
});

describe("forms of a secret", () => {
  const forms: readonly (readonly [string, string])[] = [
    ["as it is", "p@ss/w ord+1"],
    ["percent-encoded", "p%40ss%2Fw%20ord%2B1"],
    ["percent-encoded in lower case", "p%40ss%2fw%20ord%2b1"],
    ["as a form's field", "p%40ss%2Fw+ord%2B1"],
    ["Base64 with its user", Buffer.from("deploy:p@ss/w ord+1").toString("base64")],
    ["Base64 for addresses", Buffer.from("deploy:p@ss/w ord+1").toString("base64url")],
  ];

  test.each(forms)("are found: %s", (_name, form) => {
    const book = new SecretBook([{ value: "p@ss/w ord+1", user: "deploy" }]);
    expect(redacted(book, `Authorization: Basic ${form.replace(/=+$/, "")}\n`)).toBe("Authorization: Basic ***\n");
  });

  test("in Base64 are found whoever the user is", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme-ascii", maxLength: 20 }), (user) => {
        const book = new SecretBook([{ value: "correct-horse" }]);
        const shown = redacted(book, Buffer.from(`${user}:correct-horse`).toString("base64"));
        expect(shown).toContain(REDACTED);
        expect(Buffer.from(shown, "base64").toString("latin1")).not.toContain("correct");
      }),
    );
  });

  test("of several lines are found line by line", () => {
    const book = new SecretBook([{ value: "first-line\r\nsecond-line\nx" }]);
    expect(redacted(book, "  first-line\n  second-line\n  x\n")).toBe("  ***\n  ***\n  x\n");
  });

  test("that are learned while output comes count from then on", () => {
    const book = new SecretBook([]);
    const parts: string[] = [];
    const redactor = book.redactor((part) => parts.push(Buffer.from(part).toString()));
    redactor.push(Buffer.from("registry-pass "));
    book.learn({ value: "registry-pass", user: "me" });
    redactor.push(Buffer.from("registry-pass"));
    expect(parts.join("")).toBe("registry-pass ***");
  });

  test("are taken out of every text of a report", () => {
    const book = new SecretBook([{ value: "hunter22" }]);
    const report = { kind: "test", cases: [{ message: "got hunter22", line: 3 }], note: null };
    expect(book.redactIn(report)).toEqual({ kind: "test", cases: [{ message: "got ***", line: 3 }], note: null });
  });
});
