import * as fc from "fast-check";
import { expect, test } from "vitest";
import {
  afterTrial,
  INSTALLED,
  judgeOffer,
  keptBundles,
  nextStart,
  withTrial,
  type Bundle,
  type Versions,
} from "./versions.ts";

const bundle = (name: string, offer = 1): Bundle => ({ sha256: name.repeat(64), version: `1.0.0-${name}`, offer });

test("a bundle that registers becomes the current one, and the one before is kept", () => {
  const first = afterTrial(withTrial(INSTALLED, bundle("a")), { ok: true });
  expect(nextStart(first)).toMatchObject({ bundle: bundle("a"), isTrial: false });
  const second = afterTrial(withTrial(first, bundle("b", 2)), { ok: true });
  expect(second).toMatchObject({ current: bundle("b", 2), previous: bundle("a"), trial: null, failed: null });
  expect([...keptBundles(second)]).toEqual([bundle("b").sha256, bundle("a").sha256]);
});

test("a bundle that does not is rolled back, and is not taken again until it is offered anew", () => {
  const rolledBack = afterTrial(withTrial(INSTALLED, bundle("a", 3)), { ok: false, reason: "it ended with 1" });
  expect(nextStart(rolledBack)).toMatchObject({ bundle: null, isTrial: false });
  expect(judgeOffer(rolledBack, bundle("a", 3), "")).toBe("failed");
  expect(judgeOffer(rolledBack, bundle("a", 4), "")).toBe("take");
  expect(judgeOffer(rolledBack, bundle("b", 3), "")).toBe("take");
});

test("what runs already is not taken", () => {
  expect(judgeOffer(INSTALLED, bundle("a"), bundle("a").sha256)).toBe("runs");
});

test("a bundle that takes the launcher down with it is given up after two starts", () => {
  const first = nextStart(withTrial(INSTALLED, bundle("a")));
  const second = nextStart(first.versions);
  expect([first.isTrial, second.isTrial]).toEqual([true, true]);
  const third = nextStart(second.versions);
  expect(third).toMatchObject({ bundle: null, isTrial: false, versions: { trial: null, failed: { offer: 1 } } });
});

test("whatever happens, at most two starts of a bundle are trials of one offer, and what runs has registered or is the installed one", () => {
  const step = fc.oneof(
    fc.record({ do: fc.constant("offer" as const), name: fc.constantFrom("a", "b", "c"), isAnew: fc.boolean() }),
    fc.record({ do: fc.constant("start" as const), end: fc.constantFrom("ok", "bad", "power-cut") }),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      let versions: Versions = INSTALLED;
      let running = "";
      let offer = 1;
      const trials = new Map<string, number>();
      const registered = new Set([""]);
      for (const one of steps) {
        if (one.do === "offer") {
          if (one.isAnew) offer += 1;
          const offered = bundle(one.name, offer);
          if (versions.trial === null && judgeOffer(versions, offered, running) === "take")
            versions = withTrial(versions, offered);
          continue;
        }
        const start = nextStart(versions);
        versions = start.versions;
        const sha256 = start.bundle?.sha256 ?? "";
        if (!start.isTrial) expect(registered.has(sha256)).toBe(true);
        else {
          const key = `${sha256}/${start.bundle?.offer}`;
          trials.set(key, (trials.get(key) ?? 0) + 1);
          expect(trials.get(key)).toBeLessThanOrEqual(2);
          if (one.end === "power-cut") continue;
          versions = afterTrial(versions, one.end === "ok" ? { ok: true } : { ok: false, reason: "bad" });
          if (one.end === "ok") registered.add(sha256);
        }
        running = nextStart(versions).bundle?.sha256 ?? "";
      }
    }),
  );
});
