import { iniLines, iniSection } from "../source/ini.ts";
import type { Found, ProjectFiles, TestHints } from "./survey.ts";
import { at, strings } from "./toml-path.ts";

/** Extras that are there for tests, the likeliest first. */
const TEST_EXTRAS = ["test", "tests", "testing"];
/** Folders of tests, where pytest's settings name none. */
const TEST_FOLDERS = ["tests", "test", "testing"];

/** How the project is tested: whether by pytest, with which files and extras. */
export function surveyTests(files: ProjectFiles): TestHints {
  const { paths, pyproject, setupCfg, setupCall, texts } = files;
  const settings = pytestSettings(files);
  const ini = (path: string): readonly string[] => iniLines(texts.get(path) ?? "", "pytest", "testpaths") ?? [];
  const named = [
    ...strings(at(pyproject, "tool", "pytest", "ini_options", "testpaths")),
    ...strings(at(pyproject, "tool", "pytest", "testpaths")),
    ...(setupCfg === null ? [] : (iniLines(setupCfg, "tool:pytest", "testpaths") ?? [])),
    ...ini("pytest.ini"),
    ...ini("tox.ini"),
  ].flatMap((each) => each.split(/\s+/));
  const exists = (path: string): boolean => paths.some((each) => each === path || each.startsWith(`${path}/`));
  const folders = named.filter((path) => /^[\w./-]+$/.test(path) && exists(path));
  const found = folders.length > 0 ? folders : TEST_FOLDERS.filter(exists).slice(0, 1);
  const single = paths.find((path) => /^test_[^/]+\.py$|^[^/]+_test\.py$/.test(path));
  const tests = found.length === 0 && single !== undefined ? [single] : found;
  const isPytest = (path: string): boolean =>
    tests.some((folder) => path.startsWith(`${folder}/`)) && /(^|\/)(conftest|test_[^/]*|[^/]*_test)\.py$/.test(path);
  const testFile = paths.find(isPytest) ?? single;
  const pytest = settings ?? (testFile === undefined ? null : { value: true as const, where: testFile });
  // A conftest.py and pytest's own files at the root are found from the folder that tests run in.
  const beside = ["conftest.py", "pytest.ini"].filter((path) => paths.includes(path));
  const extras = new Set([
    ...Object.keys(at(pyproject, "project", "optional-dependencies") ?? {}),
    ...(setupCfg === null ? [] : iniSection(setupCfg, "options.extras_require").keys()),
    ...(setupCall?.named.get("extras_require")?.kind === "dict" ? dictKeys(files) : []),
  ]);
  return {
    pytest: tests.length === 0 ? null : pytest,
    files: tests.length === 0 ? [] : [...tests, ...beside],
    extras: TEST_EXTRAS.filter((extra) => extras.has(extra)).slice(0, 1),
  };
}

function dictKeys({ setupCall }: ProjectFiles): readonly string[] {
  const value = setupCall?.named.get("extras_require");
  return value?.kind === "dict" ? [...value.entries.keys()] : [];
}

function pytestSettings({ pyproject, setupCfg, texts }: ProjectFiles): Found<true> | null {
  if (at(pyproject, "tool", "pytest") !== undefined) return { value: true, where: "pyproject.toml [tool.pytest]" };
  if (texts.has("pytest.ini")) return { value: true, where: "pytest.ini" };
  if (setupCfg !== null && /^\[tool:pytest\]/m.test(setupCfg)) return { value: true, where: "setup.cfg [tool:pytest]" };
  return /^\[pytest\]/m.test(texts.get("tox.ini") ?? "") ? { value: true, where: "tox.ini [pytest]" } : null;
}
