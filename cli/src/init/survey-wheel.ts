import { iniSection } from "../source/ini.ts";
import { callsIn } from "./survey-cuda.ts";
import type { Found, ProjectFiles, WheelHint } from "./survey.ts";
import { at, strings } from "./toml-path.ts";

/** Build backends that are there for compiled code. */
const NATIVE_BACKENDS =
  /^(maturin|scikit[_-]build|mesonpy|meson[_-]python|setuptools[_-]rust|py[_-]build[_-]cmake|sipbuild|cffi|cython|pybind11|nanobind)/i;
const NATIVE_SOURCE = /\.(c|cc|cpp|cxx|cu|pyx|rs|f90|f)$/;
/** Code that is not the package's own. */
const ASIDE = /(^|\/)(tests?|docs?|examples?|benchmarks?|third[_-]?party|vendor|\.github)\//i;

/** What kind of wheel the project makes: for every Python, for all from one on, or for everything. */
export function surveyWheel(files: ProjectFiles): Found<WheelHint> {
  const native = nativeBy(files);
  if (native === null) return { value: { kind: "pure" }, where: "nothing in it is compiled" };
  const abi3 = abi3By(files);
  if (abi3 !== null) return abi3;
  return { value: { kind: "native" }, where: native };
}

function nativeBy({ pyproject, setupPy, setupCall, paths }: ProjectFiles): string | null {
  const requires = strings(at(pyproject, "build-system", "requires"));
  const backend = requires.find((each) => NATIVE_BACKENDS.test(each));
  if (backend !== undefined) return "pyproject.toml [build-system]";
  if (setupCall?.named.has("ext_modules") === true || setupCall?.named.has("rust_extensions") === true)
    return "setup.py";
  if (callsIn(setupCall?.named.get("ext_modules")).length > 0 || /\bext_modules\b|\bExtension\s*\(/.test(setupPy ?? ""))
    return "setup.py";
  if (at(pyproject, "tool", "setuptools", "ext-modules") !== undefined) return "pyproject.toml [tool.setuptools]";
  const cmake = paths.find((path) => path === "CMakeLists.txt" || path === "meson.build");
  if (cmake !== undefined) return cmake;
  // C that lies in a project whose build compiles nothing is data; kernels that are compiled at run time are too.
  const source = paths.find((path) => NATIVE_SOURCE.test(path) && !ASIDE.test(path));
  return source !== undefined && setupPy !== null && setupCall?.open === true ? source : null;
}

function abi3By({ pyproject, setupCfg, setupPy, setupCall, texts }: ProjectFiles): Found<WheelHint> | null {
  const abi3 = (python: string, where: string): Found<WheelHint> => ({ value: { kind: "abi3", python }, where });
  const cargo = texts.get("Cargo.toml") ?? [...texts].find(([path]) => path.endsWith("/Cargo.toml"))?.[1] ?? "";
  const features = strings(at(pyproject, "tool", "maturin", "features"));
  const ofRust = /abi3-py(\d)(\d+)/.exec(`${features.join(" ")} ${cargo}`);
  if (ofRust !== null) return abi3(`${ofRust[1]}.${ofRust[2]}`, "Cargo.toml");
  const tags = [
    [at(pyproject, "tool", "scikit-build", "wheel", "py-api"), "pyproject.toml [tool.scikit-build]"],
    [setupCfg === null ? null : iniSection(setupCfg, "bdist_wheel").get("py_limited_api"), "setup.cfg [bdist_wheel]"],
    [at(pyproject, "tool", "distutils", "bdist_wheel", "py-limited-api"), "pyproject.toml [tool.distutils]"],
    [/py_limited_api["']?\s*[:=]\s*["'](cp\d+)["']/.exec(setupPy ?? "")?.[1], "setup.py"],
  ] as const;
  for (const [tag, where] of tags) {
    const match = typeof tag === "string" ? /^cp(\d)(\d+)$/.exec(tag) : null;
    if (match !== null) return abi3(`${match[1]}.${match[2]}`, where);
  }
  const macro = /Py_LIMITED_API["']?\s*[,=]\s*["']?(0x0?3[0-9a-fA-F]{6})/.exec(setupPy ?? "")?.[1];
  if (macro !== undefined) return abi3(`3.${(Number(macro) >> 16) & 0xff}`, "setup.py");
  // Limited, and nothing says from which Python on: then only the wheel's own tag can.
  const limited = /py_limited_api\s*=\s*True/.test(setupPy ?? "") && setupCall !== null;
  return limited
    ? { value: { kind: "native" }, where: "setup.py, which sets py_limited_api without saying from which Python on" }
    : null;
}
