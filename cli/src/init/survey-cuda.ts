import type { PythonValue } from "../source/python-values.ts";
import type { Found, ProjectFiles, Survey } from "./survey.ts";

const CMAKE_CUDA =
  /\bproject\s*\([^)]*\bCUDA\b|\benable_language\s*\(\s*CUDA\b|\bfind_package\s*\(\s*CUDA(Toolkit)?\b/i;
const ARCH_LIST = /\bTORCH_CUDA_ARCH_LIST\b["'\]]*\s*[,:=]\s*["']?\s*([\d.+PTX;, ]*\d[\d.+PTX;, ]*)["']?/;

/** Whether the project compiles for CUDA, and for which compute capabilities. */
export function surveyCuda(files: ProjectFiles): Pick<Survey, "cuda" | "archList"> {
  const archList = findArchList(files);
  return {
    cuda: findCuda(files) ?? (archList === null ? null : { value: "TORCH_CUDA_ARCH_LIST", where: archList.where }),
    archList,
  };
}

function findCuda({ setupPy, setupCall, texts, paths }: ProjectFiles): Found<string> | null {
  if (setupCall !== null && callsIn(setupCall.named.get("ext_modules")).includes("CUDAExtension")) {
    return { value: "CUDAExtension", where: "setup.py" };
  }
  if (setupPy !== null && /\bCUDAExtension\s*\(/.test(setupPy)) return { value: "CUDAExtension", where: "setup.py" };
  for (const [path, text] of texts) {
    if (/(CMakeLists\.txt|\.cmake)$/.test(path) && CMAKE_CUDA.test(text))
      return { value: "CUDA as a language", where: path };
  }
  const source = paths.find((path) => /\.(cu|cuh)$/.test(path));
  return source === undefined ? null : { value: "CUDA sources", where: source };
}

/** Names of the calls in a value, at any depth. */
export function callsIn(value: PythonValue | undefined): readonly string[] {
  if (value?.kind === "list") return value.values.flatMap(callsIn);
  return value?.kind === "call" ? [value.name] : [];
}

function findArchList({ setupPy, texts }: ProjectFiles): Survey["archList"] {
  for (const [where, text] of [["setup.py", setupPy ?? ""] as const, ...texts]) {
    const written = ARCH_LIST.exec(text)?.[1] ?? "";
    const values = written.split(/[;,\s]+/).filter((each) => /^\d+\.\d+(\+PTX)?$/.test(each));
    if (values.length > 0) return { value: [...new Set(values)], where };
  }
  return null;
}
