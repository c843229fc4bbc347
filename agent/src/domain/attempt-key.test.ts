import fc from "fast-check";
import { expect, test } from "vitest";
import { attemptKey, parseAttemptKey } from "./attempt-key.ts";

const uint32 = (min: number) => fc.integer({ min, max: 2 ** 32 - 1 });

test("a key reads back as the attempt it was made of", () => {
  fc.assert(
    fc.property(uint32(1), uint32(0), uint32(1), (run, job, attempt) => {
      const ref = { run, job, attempt };
      expect(parseAttemptKey(attemptKey(ref))).toEqual(ref);
    }),
  );
});

test.each(["", "1.2", "1.2.3.4", "0.0.1", "1.0.0", "01.0.1", "1.0.1 ", "1.-1.1", "a.b.c"])("%o is no key", (text) => {
  expect(parseAttemptKey(text)).toBeNull();
});
