import { copyFileSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { temporaryFolder } from "@kiln/testkit";
import { describe, expect, test } from "vitest";
import { readPythons } from "./read-pythons.ts";

const here = temporaryFolder();
const all = await readPythons(process.env, join(here.path, "cache.json"));
here[Symbol.dispose]();
const real = all.pythons.at(-1);
if (!real) console.warn("skipped: this machine has no usable CPython");

/** A machine that has only what is put into its folder. */
function machine(folder: string): NodeJS.ProcessEnv {
  return {
    PATH: [join(folder, "pyenv", "shims"), join(folder, "bin"), join(folder, "nowhere")].join(":"),
    PYENV_ROOT: join(folder, "pyenv"),
    UV_PYTHON_INSTALL_DIR: join(folder, "uv"),
  };
}

function put(path: string, make: (path: string) => void): void {
  mkdirSync(dirname(path), { recursive: true });
  make(path);
}

const link = (path: string) => put(path, (at) => symlinkSync(real?.path ?? "", at));

describe.skipIf(!real || process.platform === "win32")("the Pythons of a machine", () => {
  test("on this one are each listed once, by their real path, and none is a shim", () => {
    const paths = all.pythons.map(({ path }) => path);
    expect(new Set(paths).size).toBe(paths.length);
    expect(paths.filter((path) => path.includes("/shims/"))).toEqual([]);
    for (const { feature, version } of all.pythons) expect(version.startsWith(feature.replace("t", "."))).toBe(true);
  });

  test("are found on the PATH, at pyenv and at uv, and are one when they are one file", async () => {
    for (const [place, foundBy] of [
      ["bin/python3.12", "path"],
      ["pyenv/versions/3.12.1/bin/python3", "pyenv"],
      ["uv/cpython-3.12.1-linux-x86_64-gnu/bin/python3", "uv"],
    ] as const) {
      using folder = temporaryFolder();
      link(join(folder.path, place));
      const { pythons } = await readPythons(machine(folder.path), join(folder.path, "cache.json"));
      expect(pythons).toEqual([{ ...real, foundBy }]);
    }
    using folder = temporaryFolder();
    for (const place of ["bin/python", "bin/python3", "pyenv/versions/3.12.1/bin/python3"])
      link(join(folder.path, place));
    expect((await readPythons(machine(folder.path), join(folder.path, "cache.json"))).pythons).toEqual([
      { ...real, foundBy: "path" },
    ]);
  });

  test("are not scripts, shims, other programs or other implementations' folders", async () => {
    using folder = temporaryFolder();
    for (const place of ["pyenv/shims/python3", "bin/python3.11"]) {
      put(join(folder.path, place), (at) => writeFileSync(at, "#!/bin/sh\nexit 1\n", { mode: 0o755 }));
    }
    link(join(folder.path, "bin", "python3-config"));
    link(join(folder.path, "uv", "pypy-3.10", "bin", "python3"));
    expect(await readPythons(machine(folder.path), join(folder.path, "cache.json"))).toEqual({
      pythons: [],
      olderPythons: 0,
      problems: [],
    });
  });

  test("that do not run are problems that say so", async () => {
    using folder = temporaryFolder();
    const broken = join(folder.path, "bin", "python3.11");
    put(broken, (at) => copyFileSync("/bin/false", at));
    const { pythons, problems } = await readPythons(machine(folder.path), join(folder.path, "cache.json"));
    expect(pythons).toEqual([]);
    expect(problems).toEqual([{ subject: broken, message: expect.stringContaining("does not run as a Python") }]);
  });

  test("are asked once; what was kept is used until the file or its pip changes", async () => {
    using folder = temporaryFolder();
    link(join(folder.path, "bin", "python3"));
    const cache = join(folder.path, "cache.json");
    const read = async () => (await readPythons(machine(folder.path), cache)).pythons.map(({ version }) => version);
    const forge = (from: string, to: string) => writeFileSync(cache, readFileSync(cache, "utf8").replace(from, to));
    expect(await read()).toEqual([real?.version]);
    forge(`"${real?.version}"`, '"3.77.0"');
    expect(await read()).toEqual(["3.77.0"]);
    forge(".whl", ".gone");
    expect(await read()).toEqual([real?.version]);
    writeFileSync(cache, "not json");
    expect(await read()).toEqual([real?.version]);
  });
});
