import { expect, test } from "vitest";
import { readBackendRequires, readBuildSystem } from "./build-system.ts";

const LEGACY = { requires: ["setuptools", "wheel"], backend: "setuptools.build_meta:__legacy__", backendPath: [] };

test("a source without the file or without the table is built by setuptools (PEP 518)", () => {
  expect(readBuildSystem(null)).toEqual({ ok: true, system: LEGACY });
  expect(readBuildSystem('[project]\nname = "x"\n')).toEqual({ ok: true, system: LEGACY });
});

test("what the table says is taken, and a backend that is not named is setuptools' (PEP 517)", () => {
  const text = '[build-system]\nrequires = ["flit-core>=3"]\nbuild-backend = "mine:hooks"\nbackend-path = ["build"]\n';
  const system = { requires: ["flit-core>=3"], backend: "mine:hooks", backendPath: ["build"] };
  expect(readBuildSystem(text)).toEqual({ ok: true, system });
  expect(readBuildSystem("[build-system]\nrequires = []\n")).toEqual({ ok: true, system: { ...LEGACY, requires: [] } });
});

test.each([
  ["[build-system", "is no TOML"],
  ['[build-system]\nbuild-backend = "x"\n', "has no requires"],
  ['[build-system]\nrequires = "x"\n', "requires must be an array"],
  ["[build-system]\nrequires = []\nbuild-backend = 'x; y'\n", "build-backend must be a module"],
  ["[build-system]\nrequires = []\nbuild-backend = 'x'\nbackend-path = ['../x']\n", "leads outside the source: ../x"],
  ["build-system = 1\n", "must be a table"],
])("%j is refused, and the message says why", (text, reason) => {
  const result = readBuildSystem(text);
  expect(result.ok ? "" : result.message).toContain(reason);
});

test("a backend's answer is a list of texts or no answer", () => {
  expect(readBackendRequires('["wheel"]')).toEqual(["wheel"]);
  for (const text of ["", "{}", "[1]", '"wheel"']) expect(readBackendRequires(text)).toBeNull();
});
