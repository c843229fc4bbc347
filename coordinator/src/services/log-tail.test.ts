import fc from "fast-check";
import { expect, test } from "vitest";
import { startOfTail } from "./log-tail.ts";

const KEY = { run: 1, job: 0, attempt: 1 };

test("the tail of a log is its last lines, wherever they are cut by what is read at a time", async () => {
  const line = fc.oneof(
    fc.string({ maxLength: 5 }),
    fc.nat(70_000).map((length) => "x".repeat(length)),
  );
  const cases = fc.record({
    lines: fc.array(line, { maxLength: 12 }),
    isEnded: fc.boolean(),
    wanted: fc.integer({ min: 1, max: 14 }),
  });
  await fc.assert(
    fc.asyncProperty(cases, async ({ lines, isEnded, wanted }) => {
      const clean = lines.map((text) => text.replaceAll("\n", ""));
      const text = Buffer.from(clean.join("\n") + (isEnded && clean.length > 0 ? "\n" : ""));
      const logs = { read: async (_: unknown, offset: number, max: number) => text.subarray(offset, offset + max) };
      const start = await startOfTail(logs, KEY, text.length, wanted);
      const all = text.toString().split(/(?<=\n)/);
      expect(text.subarray(start).toString()).toBe(all.slice(-wanted).join(""));
    }),
    { numRuns: 200 },
  );
});
