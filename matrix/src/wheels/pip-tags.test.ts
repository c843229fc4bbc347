import { describe, expect, test } from "vitest";
import { supportedTags, type LinuxTagOrder } from "./supported-tags.ts";
import { pipTags, SYSTEMS } from "./testing/pip-tags.ts";

const PYTHONS = ["3.8", "3.10", "3.12", "3.13", "3.13t", "3.15t"];
const ASKED = PYTHONS.flatMap((python) => SYSTEMS.map((system) => ({ python, system })));

const answers = await pipTags(ASKED);
if (answers.length === 0) console.warn("skipped: this machine has no CPython 3.8 or newer with pip");
else if (answers.every(({ asked }) => asked === null))
  console.warn("skipped for other systems: no pip is 24.1 or newer");

function atLeast(pip: string, major: number, minor: number): boolean {
  const [ownMajor = 0, ownMinor = 0] = pip.split(".").map(Number);
  return ownMajor > major || (ownMajor === major && ownMinor >= minor);
}

/** packaging 26.3 moved linux_x86_64 to the front. */
function orderOf(pip: string): LinuxTagOrder {
  return atLeast(pip, 26, 3) ? "linux-first" : "linux-last";
}

/** What CPython calls fat3 was fat32 in older ones. */
function respelled(tag: string): string {
  return tag.replace(/_fat32$/, "_fat3");
}

describe.skipIf(answers.length === 0)("the tags that Kiln plans with", () => {
  test("are those of the pip of each interpreter here, in its order", () => {
    for (const { pip, environment, own } of answers) {
      const where = `pip ${pip} of ${environment.python}`;
      expect(supportedTags(environment, orderOf(pip)), where).toEqual(own.map(respelled));
    }
  });

  test.skipIf(answers.every(({ asked }) => asked === null))("are those that pip says for every other system", () => {
    for (const { pip, asked } of answers) {
      for (const [index, tags] of (asked ?? []).entries()) {
        const environment = ASKED[index]!;
        // packaging learned of abi3t in 26.1.
        const ours = supportedTags(environment).filter((tag) => atLeast(pip, 26, 1) || !tag.includes("-abi3t-"));
        expect(tags.map(respelled), `pip ${pip}: ${JSON.stringify(environment)}`).toEqual(ours);
      }
    }
  });
});
