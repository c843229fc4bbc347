import { execFileSync } from "node:child_process";
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { job as wire, results } from "@kiln/proto";
import { temporaryFolder } from "@kiln/testkit";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Interpreter } from "../../domain/interpreter.ts";
import type { Blob, Job } from "../../domain/job.ts";
import { HostBench } from "../../testing/host-bench.ts";
import { packPurePackage } from "../../testing/pure-package.ts";
import { startRunIndex, type RunIndexServer } from "../../testing/run-index-server.ts";
import { readPythons } from "../inventory/read-pythons.ts";

const shared = temporaryFolder();
const { pythons } = await readPythons(process.env, `${shared.path}/pythons.json`);
const newest = pythons.at(-1) as Interpreter;
if (!newest) console.warn("skipped: this machine has no usable CPython");

/** Holds the kernel _Z1kPf for SM 80 and 90. */
const LIBRARY = new URL("../../domain/wheel-audit/fixtures/sm80-sm90-ptx90.so", import.meta.url);
const WHEEL = `
import sys, zipfile
target, version, library = sys.argv[1:]
info = "kiln_pure-%s.dist-info/" % version
files = {"kiln_pure/__init__.py": b"", "kiln_pure/_C.so": open(library, "rb").read(),
  info + "METADATA": ("Metadata-Version: 2.1\\nName: kiln-pure\\nVersion: %s\\n" % version).encode(),
  info + "WHEEL": b"Wheel-Version: 1.0\\nGenerator: test\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n"}
with zipfile.ZipFile(target, "w") as wheel:
    for path, data in files.items(): wheel.writestr(path, data)
    wheel.writestr(info + "RECORD", "".join("%s,,\\n" % path for path in [*files, info + "RECORD"]))
`;
/** Stands for ncu, in what it prints and by what names it is asked. */
const NCU = `#!/bin/sh
head='"ID","Kernel Name","device__attribute_compute_capability_major","device__attribute_compute_capability_minor"'
case "$*" in
  *--query-metrics*) echo 'gpu__time_duration  Timer  time'; exit 0;;
  *--import*mangled*) names=yes;;
  *--import*) names=no;;
  *) while [ "$1" != -o ]; do shift; done; echo report > "$2"; shift 2; exec "$@";;
esac
while [ "$1" != --log-file ]; do shift; done
if [ $names = no ]; then echo '"ID","Kernel Name"' > "$2"; exit 0; fi
printf '%s\\n' "$head" '"","","",""' '"0","_Z1kPf","8","6"' '"1","_Z4gonev","8","6"' '"2","_Z1kPf","8","6"' > "$2"
`;

describe.skipIf(!newest || process.platform === "win32")("a profile job", { timeout: 60_000 }, () => {
  const stack = new AsyncDisposableStack();
  stack.use(shared);
  const path = process.env["PATH"];
  let index: RunIndexServer;
  let bench: HostBench;

  beforeAll(async () => {
    const tools = join(shared.path, "bin");
    mkdirSync(tools);
    writeFileSync(join(tools, "ncu"), NCU);
    chmodSync(join(tools, "ncu"), 0o755);
    process.env["PATH"] = `${tools}${delimiter}${path ?? ""}`;
    index = stack.use(await startRunIndex());
    bench = stack.use(new HostBench(pythons, { tools: `${shared.path}/tools`, indexes: index.access }));
  });
  afterAll(async () => {
    process.env["PATH"] = path;
    await stack.disposeAsync();
  });

  function wheel(version: string): Blob {
    const target = join(shared.path, `kiln_pure-${version}-py3-none-any.whl`);
    execFileSync(newest.path, ["-c", WHEEL, target, version, LIBRARY.pathname]);
    return bench.blobs.add(target);
  }

  test("names the machine code of the kernels that ran, equal in both arms where the wheels' code is", async () => {
    const candidate = wheel("2.0");
    index.projects.set("kiln-pure", [
      { filename: candidate.filename, bytes: readFileSync(join(shared.path, candidate.filename)) },
    ]);
    const work: Job["work"] = {
      ...{
        kind: "measure",
        wheel: candidate,
        candidate: { name: "kiln-pure", version: "2.0" },
        requires: [],
        index: "any",
      },
      ...{ torch: null, baseline: { kind: "wheel", version: "1.0", wheel: wheel("1.0"), run: "r7", commit: null } },
      check: { kind: "command", command: "echo ran", source: bench.blobs.add(packPurePackage(shared.path)), files: [] },
      how: { kind: "profile", kernels: null, launchSkip: 0, launchCount: 1, metrics: [["gpu__time_duration.sum"]] },
    };
    const limits = { timeoutMs: 60_000, logBytesMax: 1_000_000 };
    const ran = await bench.run({ name: "job", python: newest.feature, env: {}, limits, work });
    expect(ran.finished, ran.log).toMatchObject({ outcome: wire.Outcome.PASSED });
    const [baseline, own] = ran.measureReport?.processes ?? [];
    expect([baseline?.arm, own?.arm]).toEqual([results.Arm.BASELINE, results.Arm.CANDIDATE]);
    expect(own?.kernels).toMatchObject([
      {
        launches: [0, 2],
        architecture: "80",
        file: "kiln_pure/_C.so",
        sha256: expect.stringMatching(/^[0-9a-f]{64}$/) as string,
      },
    ]);
    expect(baseline?.kernels).toEqual(own?.kernels);
    expect(own?.kernelsUnknown).toBe("1 of 2 kernels have no hash: not in its machine code for 8.6");
    expect(ran.log).toContain("1 of 2 kernels have no hash");
  });
});
