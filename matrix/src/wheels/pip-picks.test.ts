import { arch } from "node:os";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { indexFiles } from "./file-index.ts";
import { pickFile } from "./pick-file.ts";
import { pipPicks } from "./testing/pip-picks.ts";
import type { WheelEnvironment } from "./wheel-environment.ts";

const ARCH = arch() === "arm64" ? "aarch64" : "x86_64";
const SETS = 60;
const SEED = 3;

const tags = ["cp39-cp39", "cp310-cp310", "cp311-cp311", "cp312-cp312", "cp313-cp313", "cp38-abi3", "cp312-abi3"];
const platforms = ["manylinux_2_17", "manylinux_2_28", "manylinux2014", "manylinux_2_99", "musllinux_1_2", "linux"];
const file = fc
  .record({
    version: fc.constantFrom(
      "0.9",
      "1.0",
      "1.0+cu118",
      "1.0+cu121",
      "1.0+1e5",
      "1.0+5",
      "1.0.post1",
      "1.1rc1",
      "1!0.1.dev1",
    ),
    build: fc.constantFrom("", "", "", "-1", "-2", "-10", "-2a"),
    tag: fc.constantFrom(...tags, "py3-none", "py2.py3-none", "cp313-cp313t"),
    platform: fc.constantFrom("any", "win_amd64", ...platforms.map((platform) => `${platform}_${ARCH}`)),
    source: fc.nat(9).map((of) => of === 0),
  })
  .map(({ version, build, tag, platform, source }) =>
    source ? `demo-${version}.tar.gz` : `demo-${version}${build}-${tag}-${platform}.whl`,
  );
const sets = fc.sample(fc.uniqueArray(file, { minLength: 1, maxLength: 12 }), { numRuns: SETS, seed: SEED });

const answers = await pipPicks(sets);
if (answers.length === 0) console.warn("skipped: no CPython 3.8 or newer with pip on Linux with glibc");

describe.skipIf(answers.length === 0)("what Kiln says that pip takes", () => {
  test(`is what the pip of each interpreter here takes of ${SETS} sets of files (seed ${SEED})`, () => {
    for (const { pip, python, glibc, picks } of answers) {
      const environment: WheelEnvironment = { python, system: { kind: "glibc", arch: ARCH, version: glibc } };
      // Before 26.3, pip put linux_x86_64 last, as uv does.
      const [major = 0, minor = 0] = pip.split(".").map(Number);
      const order = major > 26 || (major === 26 && minor >= 3) ? "pip" : "uv";
      const ours = sets.map((files) => {
        const pick = pickFile(indexFiles(files), environment, order, false);
        return pick.kind === "none" ? null : pick.file;
      });
      for (const [index, files] of sets.entries()) {
        expect(ours[index], `pip ${pip} of ${python}: ${files.join(" ")}`).toBe(picks[index]);
      }
      expect(new Set(picks).size).toBeGreaterThan(5);
    }
  });
});
