import type { SourceFacts } from "../source/facts.ts";
import type { PythonCall } from "../source/python-values.ts";

/** Something that a project's files say, and where. */
export interface Found<T> {
  readonly value: T;
  /** `pyproject.toml [project]`, `setup.py`, `csrc/kernel.cu`. */
  readonly where: string;
}

/** The texts of a project that `init` reads, and what files it has. Nothing of it is run. */
export interface ProjectFiles {
  /** null when its files do not say its name. */
  readonly facts: SourceFacts | null;
  /** pyproject.toml, parsed. */
  readonly pyproject: Readonly<Record<string, unknown>> | null;
  readonly setupCfg: string | null;
  readonly setupPy: string | null;
  readonly setupCall: PythonCall | null;
  /** Texts of CMakeLists.txt, Cargo.toml, pytest.ini and so on, by path. */
  readonly texts: ReadonlyMap<string, string>;
  /** Paths relative to the folder, with `/`. */
  readonly paths: readonly string[];
}

/** What a spec can be written from. What was not found is null or empty. */
export interface Survey {
  readonly requiresPython: Found<string> | null;
  /** Feature versions that the project names in its classifiers. */
  readonly classifiedPythons: readonly string[];
  /** The requirement on PyTorch, `>=2.1`; an empty text for any. */
  readonly torch: Found<string> | null;
  /** Why the project seems to compile for CUDA. */
  readonly cuda: Found<string> | null;
  /** TORCH_CUDA_ARCH_LIST, where it is written out. */
  readonly archList: Found<readonly string[]> | null;
  readonly wheel: Found<WheelHint>;
  readonly tests: TestHints;
  /** Linters with settings of their own. */
  readonly linters: readonly Found<"ruff" | "mypy" | "flake8">[];
  /** Console scripts that an installed wheel has. */
  readonly scripts: readonly string[];
}

export type WheelHint =
  | { readonly kind: "pure" }
  | { readonly kind: "native" }
  | { readonly kind: "abi3"; readonly python: string };

export interface TestHints {
  readonly pytest: Found<true> | null;
  /** Paths that tests need, relative to the root. */
  readonly files: readonly string[];
  readonly extras: readonly string[];
}
