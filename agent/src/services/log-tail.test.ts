import fc from "fast-check";
import { expect, test } from "vitest";
import { LogTail } from "./log-tail.ts";

test("keeps exactly the last bytes of whatever came", () => {
  const pieces = fc.array(fc.string({ unit: fc.constantFrom("a", "b", "c"), maxLength: 3_000 }), { maxLength: 30 });
  fc.assert(
    fc.property(pieces, fc.integer({ min: 1, max: 9_000 }), (texts, bytesMax) => {
      const tail = new LogTail(bytesMax);
      for (const text of texts) tail.push(Buffer.from(text));
      expect(tail.text()).toBe(texts.join("").slice(-bytesMax));
    }),
  );
});

test("is empty after clearing", () => {
  const tail = new LogTail(100);
  tail.push(Buffer.from("before"));
  tail.clear();
  tail.push(Buffer.from("after"));
  expect(tail.text()).toBe("after");
});
