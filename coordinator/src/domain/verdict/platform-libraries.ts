import type { PlannedWheel } from "@kiln/matrix";

/** Libraries that every system of a manylinux policy has (auditwheel's manylinux-policy.json, lib_whitelist). */
const OF_POLICY = new Set([
  "libgcc_s.so.1",
  "libstdc++.so.6",
  "libm.so.6",
  "libdl.so.2",
  "librt.so.1",
  "libc.so.6",
  "libnsl.so.1",
  "libutil.so.1",
  "libpthread.so.0",
  "libresolv.so.2",
  "libX11.so.6",
  "libXext.so.6",
  "libXrender.so.1",
  "libICE.so.6",
  "libSM.so.6",
  "libGL.so.1",
  "libgobject-2.0.so.0",
  "libgthread-2.0.so.0",
  "libglib-2.0.so.0",
  "libanl.so.1",
  "libatomic.so.1",
  "libz.so.1",
  "libexpat.so.1",
]);
const LOADER = /^ld-linux[\w-]*\.so\.\d$|^ld64\.so\.\d$/;

const OF_TORCH = /^lib(?:torch\w*|c10\w*|shm)\.so$/;
/** Of the driver, and of what comes with PyTorch or NVIDIA's own packages. */
const OF_CUDA =
  /^lib(?:cuda|nvidia-ml|cudart|cublas\w*|cudnn\w*|cufft\w*|cufile\w*|cupti|curand\w*|cusolver\w*|cusparse\w*|nccl\w*|nvJitLink\w*|nvrtc[\w-]*|nvshmem\w*|nvToolsExt\w*|nvtx3interop\w*)\.so(?:\.\d+)*$/;

/** Of the libraries that a manylinux wheel needs, those that neither its policy nor what the plan links it with brings. */
export function foreignLibraries(external: readonly string[], wheel: PlannedWheel): readonly string[] {
  const isCuda = wheel.archList.length > 0 || wheel.torch !== null || (wheel.index?.startsWith("cu") ?? false);
  return external.filter((library) => {
    if (OF_POLICY.has(library) || LOADER.test(library)) return false;
    if (wheel.torch !== null && OF_TORCH.test(library)) return false;
    return !(isCuda && OF_CUDA.test(library));
  });
}

const LEGACY: Readonly<Record<string, number>> = { manylinux1: 5, manylinux2010: 12, manylinux2014: 17 };

/** The minor version of glibc 2 that a policy or platform tag stands for; null for none of manylinux. */
export function glibcMinor(policy: string): number | null {
  const found = /^manylinux_2_(\d{1,3})(?:_|$)/.exec(policy)?.[1];
  if (found !== undefined) return Number(found);
  const legacy = /^manylinux\d+/.exec(policy)?.[0] ?? "";
  return Object.hasOwn(LEGACY, legacy) ? (LEGACY[legacy] ?? null) : null;
}
