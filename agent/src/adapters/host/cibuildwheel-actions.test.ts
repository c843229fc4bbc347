import { join } from "node:path";
import { job as wire } from "@kiln/proto";
import { temporaryFolder } from "@kiln/testkit";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { EngineProgram } from "../../domain/cibuildwheel.ts";
import type { Interpreter } from "../../domain/interpreter.ts";
import type { BuildWork } from "../../domain/job.ts";
import { HostBench, type RunResult } from "../../testing/host-bench.ts";
import { LocalBlobs } from "../../testing/local-blobs.ts";
import { packPurePackage } from "../../testing/pure-package.ts";
import { makeWheel, serveIndex, type SimpleIndex } from "../../testing/simple-index.ts";
import { readPythons } from "../inventory/read-pythons.ts";

const { Outcome } = wire;
const shared = temporaryFolder();
const { pythons } = await readPythons(process.env, join(shared.path, "pythons.json"));
const newest = pythons.at(-1) as Interpreter;
if (!newest) console.warn("skipped: this machine has no usable CPython");

/** Stands for cibuildwheel, whose containers cannot be had here: says what it was told, and makes a wheel. */
const FAKE = `
import json, os, sys, zipfile
told = {name: value for name, value in os.environ.items() if name.startswith("CIBW_") or name == "SOURCE_DATE_EPOCH"}
print("TOLD " + json.dumps({"argv": sys.argv[1:], "env": told, "source": sorted(os.listdir(sys.argv[-1]))}))
target = sys.argv[sys.argv.index("--output-dir") + 1]
with zipfile.ZipFile(os.path.join(target, "kiln_pure-1.0-py3-none-any.whl"), "w") as wheel:
    wheel.writestr("kiln_pure/__init__.py", "")
    wheel.writestr("kiln_pure-1.0.dist-info/METADATA", "Metadata-Version: 2.1\\nName: kiln-pure\\nVersion: 1.0\\n")
    wheel.writestr("kiln_pure-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n")
    wheel.writestr("kiln_pure-1.0.dist-info/RECORD", "kiln_pure/__init__.py,,\\nkiln_pure-1.0.dist-info/METADATA,,\\n"
                   "kiln_pure-1.0.dist-info/WHEEL,,\\nkiln_pure-1.0.dist-info/RECORD,,\\n")
`;

describe.skipIf(!newest || process.platform !== "linux")("a build by cibuildwheel", { timeout: 60_000 }, () => {
  const stack = new AsyncDisposableStack();
  stack.use(shared);
  const blobs = new LocalBlobs();
  let index: SimpleIndex;

  beforeAll(async () => {
    const wheel = await makeWheel(newest.path, shared.path, { name: "cibuildwheel", version: "9.0", text: FAKE });
    index = stack.use(await serveIndex("/simple/", "token", [wheel]));
  }, 60_000);
  afterAll(() => stack.disposeAsync());

  async function build(containerEngine: EngineProgram | null, changes: Partial<BuildWork> = {}): Promise<RunResult> {
    const share = { cores: 1, memoryBytes: 2 ** 30 };
    using bench = new HostBench(pythons, {
      tools: join(shared.path, "tools"),
      blobs,
      build: { toolkits: [], share, compilerCache: null, containerEngine, wheelBytesMax: 2 ** 31 },
    });
    const url = new URL(`${index.url}/simple/`);
    Object.assign(url, { username: "kiln", password: "token" });
    return await bench.run({
      name: "build",
      python: newest.feature,
      env: { PIP_INDEX_URL: url.href, CIBW_BEFORE_ALL: "true" },
      limits: { timeoutMs: 60_000, logBytesMax: 1_000_000 },
      work: {
        kind: "build",
        source: blobs.add(packPurePackage(shared.path)),
        candidate: { name: "kiln-pure", version: "1.0" },
        configSettings: { "a.b": "c d" },
        frontend: "cibuildwheel",
        checkReproducible: false,
        wheel: null,
        ...changes,
      },
    });
  }

  test("makes the one wheel of the job's Python, and keeps it", async () => {
    const { finished, log, steps, artifacts } = await build("docker");
    expect(finished, log).toMatchObject({ outcome: Outcome.PASSED, summary: "" });
    expect(steps).toContain("install cibuildwheel");
    expect(artifacts[0]?.blob?.filename).toBe("kiln_pure-1.0-py3-none-any.whl");
    const told = JSON.parse(/TOLD (\{.*\})/.exec(log)?.[1] ?? "{}") as {
      readonly argv: readonly string[];
      readonly env: Readonly<Record<string, string>>;
      readonly source: readonly string[];
    };
    const tag = newest.feature.replace(".", "");
    expect(told.argv.slice(0, 2)).toEqual(["--only", `cp${tag}-manylinux_${newest.platform.slice("linux-".length)}`]);
    expect(told.source).toContain("pyproject.toml");
    expect(told.env).toMatchObject({
      CIBW_BEFORE_ALL: "true",
      CIBW_CONFIG_SETTINGS: "'a.b=c d'",
      CIBW_CONTAINER_ENGINE: "docker; disable_host_mount: true",
      CIBW_ENVIRONMENT_PASS_LINUX: "PIP_INDEX_URL",
      CIBW_TEST_SKIP: "*",
    });
    expect(told.env["SOURCE_DATE_EPOCH"]).toMatch(/^\d+$/);
  });

  test("cannot be done without a program that runs containers, and the summary says so", async () => {
    const { finished } = await build(null);
    expect(finished.outcome).toBe(Outcome.INFRASTRUCTURE);
    expect(finished.summary).toContain("there is no docker or podman command where this job runs");
  });
});
