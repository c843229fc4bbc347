import { chmod, mkdir, symlink, utimes, writeFile } from "node:fs/promises";
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { runChild } from "../program/run-child.ts";
import { readArchive } from "../testing/python-archive.ts";
import { tempDir, type TempDir } from "../testing/temp-dir.ts";
import { listFiles } from "./list-files.ts";
import { pack } from "./pack.ts";

const LONG = `src/${"deep/".repeat(30)}module_with_a_long_name.py`;

async function project(): Promise<TempDir> {
  const dir = await tempDir();
  await mkdir(join(dir.path, "src", "deep/".repeat(30)), { recursive: true });
  await writeFile(join(dir.path, "setup.py"), "setup(name='a')\n");
  await writeFile(join(dir.path, LONG), "long = 1\n");
  await writeFile(join(dir.path, "src", "naïve.txt"), "ü\n");
  await writeFile(join(dir.path, "run.sh"), "#!/bin/sh\n");
  await chmod(join(dir.path, "run.sh"), 0o700);
  return dir;
}

async function packed(dir: string, target: string, sizeBytesMax = 1024 * 1024) {
  const { paths } = await listFiles(dir);
  return pack({ dir, paths, topFolder: "a-1", target, sizeBytesMax });
}

test("equal sources make equal bytes, whatever their times, modes and owner", async () => {
  await using one = await project();
  await using two = await project();
  await using out = await tempDir();
  await utimes(join(two.path, "setup.py"), 1, 1);
  await chmod(join(two.path, "setup.py"), 0o600);
  const first = await packed(one.path, join(out.path, "one.tar.gz"));
  const second = await packed(two.path, join(out.path, "two.tar.gz"));
  expect(first.sha256).toBe(second.sha256);
  const bytes = await readFile(join(out.path, "one.tar.gz"));
  expect(createHash("sha256").update(bytes).digest("hex")).toBe(first.sha256);
  expect(bytes.length).toBe(first.sizeBytes);
});

test("Python's tarfile reads what was packed: one top folder, long and accented names, modes", async () => {
  await using dir = await project();
  await using out = await tempDir();
  const target = join(out.path, "a-1.tar.gz");
  await symlink("setup.py", join(dir.path, "link.py"));
  await packed(dir.path, target);
  expect(await readArchive(target)).toEqual([
    ["a-1/link.py", "0o777", 315532800, 0, "setup.py", null],
    ["a-1/run.sh", "0o755", 315532800, 0, "", "#!/bin/sh\n"],
    ["a-1/setup.py", "0o644", 315532800, 0, "", "setup(name='a')\n"],
    [`a-1/${LONG}`, "0o644", 315532800, 0, "", "long = 1\n"],
    ["a-1/src/naïve.txt", "0o644", 315532800, 0, "", "ü\n"],
  ]);
});

test("a link that leads out of the folder is left out and named", async () => {
  await using dir = await project();
  await using out = await tempDir();
  await symlink("/etc/passwd", join(dir.path, "absolute"));
  await symlink("../elsewhere", join(dir.path, "src", "inside"));
  await symlink("../../elsewhere", join(dir.path, "src", "outside"));
  const { leftOut } = await packed(dir.path, join(out.path, "a.tar.gz"));
  expect(leftOut).toEqual(["absolute", "src/outside"]);
});

test("a source beyond the limit is refused with the limit and its largest files", async () => {
  await using dir = await project();
  await using out = await tempDir();
  await writeFile(join(dir.path, "model.bin"), Buffer.alloc(2048));
  await expect(packed(dir.path, join(out.path, "a.tar.gz"), 1024)).rejects.toThrow(
    /its files are more than 1\.0 KiB\. The largest so far: model\.bin \(2\.0 KiB\)/,
  );
});

test("in a git checkout, tracked and new files are packed, and ignored and deleted ones are not", async () => {
  await using dir = await project();
  const git = async (...args: string[]) => {
    const identity = ["-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "commit.gpgsign=false"];
    const result = await runChild("git", ["-C", dir.path, ...identity, ...args], { timeoutMs: 30_000 });
    expect(result).toMatchObject({ exitCode: 0 });
  };
  await writeFile(join(dir.path, ".gitignore"), "*.so\n");
  await writeFile(join(dir.path, "gone.py"), "");
  await git("init", "-q");
  await git("add", ".");
  await git("commit", "-q", "-m", "first");
  await runChild("rm", [join(dir.path, "gone.py")], { timeoutMs: 5_000 });
  await writeFile(join(dir.path, "new.py"), "");
  await writeFile(join(dir.path, "_native.so"), "");
  const { paths, by } = await listFiles(dir.path);
  expect(by).toBe("git");
  expect(paths).toEqual([".gitignore", "new.py", "run.sh", "setup.py", LONG, "src/naïve.txt"]);
  // A folder inside a checkout is packed alone, with names relative to it.
  await writeFile(join(dir.path, "src", "setup.py"), "setup(name='b')");
  expect((await listFiles(join(dir.path, "src"))).paths).toContain("setup.py");
});

test("outside of git, build leftovers and virtual environments are left out", async () => {
  await using dir = await project();
  for (const folder of ["build/lib", "dist", "__pycache__", "a.egg-info", "my-env", "src/build"]) {
    await mkdir(join(dir.path, folder), { recursive: true });
    await writeFile(join(dir.path, folder, "file"), "");
  }
  await writeFile(join(dir.path, "my-env", "pyvenv.cfg"), "");
  const { paths, by } = await listFiles(dir.path);
  expect(by).toBe("walk");
  expect(paths).toEqual(["run.sh", "setup.py", "src/build/file", LONG, "src/naïve.txt"]);
});
