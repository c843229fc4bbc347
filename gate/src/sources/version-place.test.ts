import { describe, expect, test } from "vitest";
import { readVersionPlace, type VersionPlaceSource } from "./version-place.ts";

const PYPROJECT =
  '[build-system]\nversion = "9"\n\n[project]\nname = "demo"\nversion = "1.4.0"\n[tool.x]\nversion = "8"\n';

function found(source: VersionPlaceSource, text: string | null): string {
  const { line, found: version } = readVersionPlace(source, text);
  return `${line} ${version}`;
}

describe("a place of the version", () => {
  const toml = (key: string): VersionPlaceSource => ({ file: "pyproject.toml", kind: "toml", key });
  const yaml = (key: string): VersionPlaceSource => ({ file: "Chart.yaml", kind: "yaml", key });
  const python: VersionPlaceSource = { file: "a.py", kind: "python", name: "__version__" };
  const around: VersionPlaceSource = { file: "conf.py", kind: "text", before: 'release = "', after: '"' };

  test.for([
    [toml("project.version"), PYPROJECT, "6 1.4.0"],
    [toml("tool.x.version"), PYPROJECT, "8 8"],
    [toml("project"), PYPROJECT, "null null"],
    [toml("project.version"), "project.version = '1.4.0'", "1 1.4.0"],
    [toml("project.version"), "project = {version = '1.4.0'}", "1 1.4.0"],
    [toml("project.version"), "[project", "null null"],
    [yaml("version"), "name: demo\nversion: 1.10\n", "2 1.10"],
    [yaml("version"), '{\n "name": "demo",\n "version": "1.4.0"\n}', "3 1.4.0"],
    [yaml("a.b"), "a:\n  b: '1.4.0'", "2 1.4.0"],
    [yaml("version"), `version: ${"[".repeat(5_000)}`, "null null"],
    [yaml("version"), `${"- ".repeat(5_000)}1`, "null null"],
    [python, '"""x"""\n__version__: str = "1.4.0"  # bumped\n', "2 1.4.0"],
    [python, "__version__ = '1.4.0'", "1 1.4.0"],
    [python, "__version__ = version('demo')", "null null"],
    [python, "__version_info__ = (1, 4)", "null null"],
    [around, 'project = "x"\nrelease = "1.4.0"  # short\n', "2 1.4.0"],
    [around, 'release = "1.4.0', "null null"],
    [around, null, "null null"],
  ] as const)("%o holds what it holds", ([source, text, expected]) => {
    expect(found(source, text)).toBe(expected);
  });
});
