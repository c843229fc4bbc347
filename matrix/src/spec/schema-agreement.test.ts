import { readFileSync } from "node:fs";
import { Ajv2020 } from "ajv/dist/2020.js";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parseSpec } from "./parse-spec.ts";

const schema = JSON.parse(readFileSync(new URL("../../kiln.schema.json", import.meta.url), "utf8")) as object;
const schemaAccepts = new Ajv2020({ allErrors: true, allowUnionTypes: true }).compile(schema);

describe("any document", () => {
  const scalar = fc.constantFrom<unknown>(
    ...["3.9", "3.13t", "2.1", "latest", "cpu", "12.1", "H100", "none", "535", "x", "a b", "", ">=3.9", "ubuntu-22.04"],
    ...["native", "abi3", "linked", "9.0+PTX", "manylinux2014", "full", "check", "torch-wheel", "10m", "1MiB", "tests"],
    ...[3.9, 12.1, 9.5, 535, 1, 0, true, null],
  );
  const anything = fc.oneof(
    scalar,
    fc.array(scalar, { maxLength: 3 }),
    fc.dictionary(fc.constantFrom("os", "name"), scalar),
  );
  /** Values that are mostly good for a key, else anything. */
  const mostly = (...good: unknown[]) =>
    fc.oneof({ weight: 12, arbitrary: fc.constantFrom<unknown>(...good) }, { weight: 1, arbitrary: anything });
  const some = <T>(keys: Readonly<Record<string, fc.Arbitrary<T>>>) => fc.record(keys, { requiredKeys: [] });
  const when = some<unknown>({
    python: mostly("<3.9", ["3.9", 3.13], ">=3.9,<4"),
    os: mostly(["ubuntu-22.04", "windows-11"], ["linux-x86_64"]),
    backend: mostly(["eager"], [1, true]),
  });
  const values = { python: mostly("3.9", 3.13, "3.13t"), os: mostly("macos-14"), backend: mostly("eager", 1, true) };
  const entries = (keys: Readonly<Record<string, fc.Arbitrary<unknown>>>) =>
    fc.array(some({ ...values, when, ...keys }), { maxLength: 2 });
  const matrix = fc
    .record({
      os: mostly("available", ["ubuntu-22.04", "linux-aarch64"], ["rocky-9.4", "macos-14-arm64"]),
      torch: mostly(["2.1", 2.2, "latest-2"], ">=2.1", ["v2.3.0rc1", "LATEST"]),
      cuda: mostly(["cpu", 12.1], ["cu118", "rocm6.0", "CUDA 12.4"], ["ROCm 6.0"]),
      gpu: mostly(["none", "H100"], ["sm_90", 8.6], ["NVIDIA A100 80GB PCIe", "rtx 4090"]),
      driver: mostly(["535.104.05", 550], ["537.13"]),
    })
    .chain((known) =>
      some({
        ...Object.fromEntries(Object.entries(known).map(([axis, list]) => [axis, fc.constant(list)])),
        python: mostly("available", ["3.9", 3.13, "3.14t"], ">=3.9"),
        include: entries({ gpu: mostly("H100", "sm_80", 9.5), extra: mostly("x", 2) }),
        exclude: entries({ reason: mostly("why", 1) }),
        override: entries({ reason: mostly("why"), rules: mostly(["glibc", "rocm"]) }),
        keep: entries({}),
        unknown: mostly("plan", "exclude"),
      }).map((rest) => ({ axes: { backend: ["eager", 1, true] }, ...rest })),
    );
  const job = {
    command: mostly("x", "pytest -q"),
    requires: mostly(["pytest", "numpy>=2"], [], null),
    files: mostly(["tests", "a/b.txt"], [], null),
    env: mostly({ A: "b", N: 1, E: "" }, null),
    secrets: mostly(["INDEX_TOKEN", "B"], [], null),
    container: mostly({ image: " debian:12 ", network: "open" }, { image: "Reg.io/a/b" }, {}, null),
    agents: mostly({ labels: { rack: "a3", fast: null } }, { labels: ["rack=a3", "fast"] }, {}, null),
    timeout: mostly("90s", "1h30m"),
    "log-limit": mostly("1MiB", "1GB"),
  };
  const wheel = some<unknown>({
    name: mostly("a", "b-2"),
    when,
    kind: mostly("native", "abi3", "pure"),
    python: mostly("3.9", 3.11),
    torch: mostly("stable", "none"),
    cuda: mostly("none"),
    policy: mostly("manylinux2014", "manylinux_2_28"),
    "local-version": mostly("auto", "none"),
  });
  const profile = some<unknown>({
    reduce: mostly("full", "pairwise", "3-wise", "touchstone"),
    jobs: mostly([], ["check", "bench"]),
  });
  const measure = some<unknown>({ ...job, when });
  const commands = fc.array(some<unknown>({ ...job, name: mostly("lint", "b-2") }), { maxLength: 2 });
  const document = some<unknown>({
    version: mostly("1.2.0", 1.5),
    release: mostly("patch", "minor"),
    matrix,
    profiles: some<unknown>({ patch: profile, hotfix: profile }),
    build: some<unknown>({
      frontend: mostly("pip", "cibuildwheel"),
      reproducible: mostly("check", "unchecked"),
      wheel: mostly("native", "pure"),
      wheels: fc.array(wheel, { maxLength: 2 }),
      env: job.env,
      secrets: job.secrets,
    }),
    test: some<unknown>({
      ...job,
      extras: mostly(["fast"], []),
      "repeat-failed": mostly(0, 2),
      gpu: mostly("required", "none"),
    }),
    checks: commands,
    scans: commands,
    bench: measure,
    profile: measure,
    retry: mostly({ infrastructure: 0 }, null),
  });
  const one = fc.oneof(
    document,
    ...["matrix", "build", "checks", "bench"].map((key) => document.map((all) => ({ [key]: all[key] ?? null }))),
  );

  test("that the parser takes, the schema takes too; and the parser never throws", () => {
    let taken = 0;
    fc.assert(
      fc.property(one, (content) => {
        const text = JSON.stringify(content);
        const parsed = parseSpec(text, "f");
        if (parsed.ok) {
          taken += 1;
          expect(schemaAccepts(JSON.parse(text)) ? "" : text).toBe("");
        } else {
          for (const { line, column } of parsed.problems) {
            expect(line).toBe(1);
            expect(column).toBeGreaterThanOrEqual(1);
            expect(column).toBeLessThanOrEqual(text.length + 1);
          }
        }
      }),
      { numRuns: 2_000 },
    );
    expect(taken).toBeGreaterThan(200);
  });
});
