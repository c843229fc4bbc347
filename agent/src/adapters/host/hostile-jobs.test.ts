import { readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { job as wire } from "@kiln/proto";
import { temporaryFolder } from "@kiln/testkit";
import { afterAll, afterEach, describe, expect, test } from "vitest";
import type { Blob, Job } from "../../domain/job.ts";
import type { Interpreter } from "../../domain/interpreter.ts";
import { archive, type ArchiveEntry } from "../../testing/hostile-archive.ts";
import { HostBench } from "../../testing/host-bench.ts";
import { LocalBlobs } from "../../testing/local-blobs.ts";
import { packPurePackage } from "../../testing/pure-package.ts";
import { readPythons } from "../inventory/read-pythons.ts";

const { Outcome } = wire;
const shared = temporaryFolder();
const { pythons } = await readPythons(process.env, `${shared.path}/pythons.json`);
const newest = pythons.at(-1) as Interpreter;
if (!newest) console.warn("skipped: this machine has no usable CPython");

const stack = new DisposableStack();
stack.use(shared);
afterAll(() => stack.dispose());
const blobs = new LocalBlobs();
const bench = stack.use(new HostBench(pythons, { tools: `${shared.path}/tools`, blobs }));

const CANDIDATE = { name: "Kiln.Pure", version: "1.0.0" };
const TOP: ArchiveEntry = { path: "kiln_pure-1.0/", type: "Directory" };

function job(work: Job["work"]): Job {
  return { name: "job", python: newest.feature, env: {}, limits: { timeoutMs: 60_000, logBytesMax: 1_000_000 }, work };
}

function build(source: Blob): Job {
  return job({
    kind: "build",
    source,
    candidate: CANDIDATE,
    configSettings: {},
    frontend: "pip",
    wheel: null,
    checkReproducible: false,
  });
}

function hostile(entries: readonly ArchiveEntry[]): Blob {
  const path = join(shared.path, "kiln_pure-1.0.tar.gz");
  writeFileSync(path, archive(entries));
  return blobs.add(path);
}

describe.skipIf(!newest || process.platform === "win32")("a hostile input", { timeout: 60_000 }, () => {
  // The agent goes on: the next job passes, and no job has left anything anywhere.
  afterEach(async () => {
    const names = readdirSync(bench.folder, { recursive: true, encoding: "utf8" });
    expect(names.filter((name) => name.includes("evil"))).toEqual([]);
    expect(readdirSync("/").filter((name) => name.includes("kiln-evil"))).toEqual([]);
    expect(bench.workFolders).toEqual([]);
    const { finished } = await bench.run(build(blobs.add(packPurePackage(shared.path))));
    expect(finished).toMatchObject({ outcome: Outcome.PASSED });
  });

  test.each<[string, readonly ArchiveEntry[], string]>([
    ["a name with ..", [TOP, { path: "kiln_pure-1.0/../../../evil" }], "outside its folder"],
    ["an absolute name", [TOP, { path: "/kiln-evil" }], "outside its folder"],
    [
      "a link that a later entry is written through",
      [
        TOP,
        { path: "kiln_pure-1.0/out", type: "SymbolicLink", linkpath: "../.." },
        { path: "kiln_pure-1.0/out/evil", content: "evil" },
      ],
      "a link to outside its folder",
    ],
    [
      "a hard link to a file of the machine",
      [TOP, { path: "kiln_pure-1.0/x", type: "Link", linkpath: "/etc/hostname" }],
      "a link to outside",
    ],
    ["a device", [TOP, { path: "kiln_pure-1.0/evil", type: "CharacterDevice" }], "a CharacterDevice"],
    ["5 GiB in its header", [TOP, { path: "kiln_pure-1.0/evil", size: 5 * 1024 ** 3 }], "unpacks to more than 4 GiB"],
  ])("sdist with %s ends its build, and says why", async (_, entries, reason) => {
    const { finished, artifacts } = await bench.run(build(hostile(entries)));
    expect(finished.outcome).toBe(Outcome.BUILD_FAILED);
    expect(finished.summary).toContain("kiln_pure-1.0.tar.gz cannot be unpacked: ");
    expect(finished.summary).toContain(reason);
    expect(artifacts).toEqual([]);
  });

  test("output that is no UTF-8 is kept byte by byte, and what is made of it is text", async () => {
    const source = blobs.add(packPurePackage(shared.path));
    const text = String.raw`printf 'error: \377\376\300\257 \355\240\200 \033[31mred\033[0m\n'; exit 4`;
    const check = { kind: "command", command: text, source, files: [] } as const;
    const { finished, bytes } = await bench.run(job({ kind: "command", check, requires: [], wheel: null }));
    expect(finished.outcome).toBe(Outcome.TESTS_FAILED);
    expect(bytes.includes(Buffer.from("ff fe c0 af 20 ed a0 80 20 1b".replaceAll(" ", ""), "hex"))).toBe(true);
    expect(finished.excerpt).toContain("red");
    expect(finished.excerpt.isWellFormed()).toBe(true);
  });
});
