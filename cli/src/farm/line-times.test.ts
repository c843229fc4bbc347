import fc from "fast-check";
import { expect, test } from "vitest";
import { LineTimes, type LogTime } from "./line-times.ts";

/** Pages of two entries, as the farm gives pages of many. */
function pagesOf(times: readonly LogTime[]) {
  return async (from: number) => {
    const first = Math.max(
      0,
      times.findLastIndex((time) => time.offset <= from),
    );
    return { times: times.slice(first, first + 2), next: times[first + 2]?.offset ?? null };
  };
}

test("every line has the time at which its first byte came, however the log comes", async () => {
  const lines = fc.array(fc.string({ maxLength: 6 }), { minLength: 1, maxLength: 12 });
  const cuts = fc.array(fc.nat(100), { maxLength: 8 });
  const gaps = fc.array(fc.integer({ min: 1, max: 9 }), { maxLength: 8 });
  await fc.assert(
    fc.asyncProperty(lines, cuts, gaps, async (texts, places, between) => {
      const log = Buffer.from(`${texts.map((text) => text.replaceAll("\n", "")).join("\n")}\n`);
      let offset = 0;
      const times = [
        { offset: 0, atMs: 0 },
        ...between.map((gap, n) => ({ offset: (offset += gap), atMs: (n + 1) * 1_000 })),
      ];
      const stamps = new LineTimes(pagesOf(times));
      const parts: Buffer[] = [];
      let from = 0;
      for (const to of [...places.map((place) => place % log.length), log.length].sort((a, b) => a - b)) {
        if (to > from) parts.push(await stamps.stamp(from, log.subarray(from, to)));
        from = Math.max(from, to);
      }
      let at = 0;
      const expected = log
        .toString("latin1")
        .split(/(?<=\n)/)
        .map((line) => {
          const atMs = times.findLast((time) => time.offset <= at)?.atMs ?? 0;
          at += line.length;
          return `${new Date(atMs).toISOString()} ${line}`;
        });
      expect(Buffer.concat(parts).toString("latin1")).toBe(expected.join(""));
    }),
    { numRuns: 300 },
  );
});
