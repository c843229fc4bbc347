import { createHash } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { fakeFarm } from "../testing/fake-farm.ts";
import { runKiln } from "../testing/run-kiln.ts";
import { tempDir } from "../testing/temp-dir.ts";
import { finished, jobView } from "../testing/views.ts";

const BUILD = "build-cp312-linux-x86_64";

describe("get", () => {
  const bytes = Buffer.from("a wheel");
  const sha256 = createHash("sha256").update(bytes).digest("hex");
  const made = (filename: string) => {
    const artifacts = [{ role: "wheel", blob: { sha256, sizeBytes: bytes.length, filename } }];
    return jobView(finished(BUILD, "passed", [0, 1]), { artifacts });
  };

  test("saves what a job made, under its name and checked", async () => {
    await using dir = await tempDir();
    await using farm = await fakeFarm();
    farm.files.set(sha256, bytes);
    farm.jobs.set(BUILD, made("hello-1.0-py3-none-any.whl"));
    const result = await runKiln(["get", "r3", BUILD, "wheel", "-o", "dist"], { env: farm.env, cwd: dir.path });
    expect(result).toMatchObject({ exitCode: 0, stderr: "" });
    expect(await readFile(join(dir.path, "dist", "hello-1.0-py3-none-any.whl"))).toEqual(bytes);
    const again = await runKiln(["get", "r3", BUILD, "-o", "dist", "--json"], { env: farm.env, cwd: dir.path });
    expect(JSON.parse(again.stdout)).toMatchObject({ run: "r3", files: [{ role: "wheel", sha256, receivedBytes: 0 }] });
    const none = await runKiln(["get", "r3", BUILD, "sbom"], { env: farm.env, cwd: dir.path });
    expect(none.stderr).toContain("has no sbom");
    expect(none.stderr).toContain("It has: wheel hello-1.0-py3-none-any.whl.");
  });

  test("does not write outside its folder, whatever a file is called", async () => {
    await using dir = await tempDir();
    await using farm = await fakeFarm();
    farm.files.set(sha256, bytes);
    for (const name of ["../evil", "/evil", "..", "a\\b", "c:evil"]) {
      farm.jobs.set(BUILD, made(name));
      const result = await runKiln(["get", "r3", BUILD, "-o", "dist"], { env: farm.env, cwd: dir.path });
      expect(result.stderr).toContain("cannot be the name of a file here");
    }
    expect(await readdir(dir.path, { recursive: true })).toEqual(["dist"]);
  });
});
