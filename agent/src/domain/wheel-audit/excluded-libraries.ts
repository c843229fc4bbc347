/** Libraries that a repair must leave out, on each system. */
interface Excluded {
  /** As auditwheel takes them: names with `*`. The version is a wildcard, or each would be grafted with its next release. */
  readonly linux: readonly string[];
  /** Names of DLLs with `*`. */
  readonly windows: readonly string[];
  /** Why. */
  readonly because: string;
}

/**
 * What an extension for PyTorch or CUDA finds in the environment that it is
 * installed into: a copy in the wheel would make it hundreds of megabytes
 * large, and give its process two PyTorches or two CUDA runtimes, with a state
 * for each.
 */
const EXCLUDED: readonly Excluded[] = [
  {
    linux: ["libtorch*.so*", "libc10*.so*"],
    windows: ["torch*.dll", "c10*.dll", "shm.dll", "uv.dll", "asmjit.dll", "fbgemm.dll"],
    because: "PyTorch loads its own before any extension is imported",
  },
  {
    linux: ["libcuda.so.*", "libnvidia-ml.so.*"],
    windows: ["nvcuda.dll", "nvml.dll"],
    because: "belongs to the driver of the machine that it runs on",
  },
  {
    linux: [
      "libcudart.so.*",
      "libcublas*.so.*",
      "libcudnn*.so.*",
      "libcufft*.so.*",
      "libcufile*.so.*",
      "libcupti.so.*",
      "libcurand*.so.*",
      "libcusolver*.so.*",
      "libcusparse*.so.*",
      "libnccl*.so.*",
      "libnvJitLink*.so.*",
      "libnvrtc*.so.*",
      "libnvshmem*.so.*",
      "libnvToolsExt*.so.*",
      "libnvtx3interop*.so.*",
    ],
    windows: [
      "cudart64_*.dll",
      "cublas*.dll",
      "cudnn*.dll",
      "cufft*.dll",
      "cupti*.dll",
      "curand*.dll",
      "cusolver*.dll",
      "cusparse*.dll",
      "nvJitLink*.dll",
      "nvrtc*.dll",
      "nvToolsExt*.dll",
    ],
    because: "comes with PyTorch, or with NVIDIA's packages for the toolkit",
  },
];

/** The patterns for a system's repair tool. */
export function excludedOn(system: "linux" | "windows"): readonly string[] {
  return EXCLUDED.flatMap((one) => one[system]);
}

const PATTERNS = EXCLUDED.flatMap(({ linux, windows }) => [...linux, ...windows]).map(
  (pattern) =>
    new RegExp(
      `^${pattern
        .replaceAll(".", "\\.")
        // A grafted copy may have lost the version behind its ending.
        .replace(/\\\.\*$/, "(?:\\..*)?")
        .replaceAll("*", ".*")
        .replaceAll(".*)?", ".*)?")}$`,
      "i",
    ),
);

/** Whether a library's file is one of those, also under the name that a repair gives to a copy ("libcudart-3f1c2d4e.so.12.6.77"). */
export function isExcluded(path: string): boolean {
  const name = path.slice(path.lastIndexOf("/") + 1).replace(/-[0-9a-f]{8,64}(?=\.)/, "");
  return PATTERNS.some((pattern) => pattern.test(name));
}
