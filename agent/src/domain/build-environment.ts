import type { WheelWish } from "./job.ts";
import type { CudaToolkit } from "./cuda-toolkit.ts";

/** What one build may use of a machine. */
export interface BuildShare {
  readonly cores: number;
  readonly memoryBytes: number;
}

export interface BuildFacts {
  readonly wish: WheelWish | null;
  /** The toolkit that was selected; null for a build without one. */
  readonly toolkit: CudaToolkit | null;
  /** Unix time in seconds. */
  readonly sourceDateEpoch: number;
  readonly share: BuildShare;
}

/** 1980-01-01, the oldest time that a zip archive has: backends refuse older ones. */
const ZIP_EPOCH = 315_532_800;
/** What compiling one file of device code for one architecture takes, and one of C++ with PyTorch's headers; as those who build such wheels report. */
const DEVICE_BYTES = 4 * 1024 ** 3;
const HOST_BYTES = 2 * 1024 ** 3;
const NVCC_THREADS_MAX = 4;

/**
 * SOURCE_DATE_EPOCH of a build (reproducible-builds.org): what the job itself
 * sets, else the time of the source's newest file. A source tree that was packed
 * without times, and anything older, is of 1980.
 */
export function sourceDateEpoch(jobs: string | undefined, newestMtimeMs: number | null): number {
  if (jobs !== undefined && /^\d{1,11}$/.test(jobs)) return Number(jobs);
  return Math.max(ZIP_EPOCH, Math.floor((newestMtimeMs ?? 0) / 1_000));
}

/** Whether a wish names a CUDA release, and not ROCm's. */
export function cudaOf(wish: WheelWish | null): string | null {
  return wish?.cuda != null && /^\d+\.\d+$/.test(wish.cuda) ? wish.cuda : null;
}

/**
 * Variables that a build gets unless its job sets them. `_GLIBCXX_USE_CXX11_ABI`
 * is not among them: the installed PyTorch's own build helpers and CMake files
 * set it as that PyTorch was built.
 */
export function buildVariables({
  wish,
  toolkit,
  sourceDateEpoch: epoch,
  share,
}: BuildFacts): Readonly<Record<string, string>> {
  const archs = wish?.archList ?? [];
  return {
    SOURCE_DATE_EPOCH: String(epoch),
    // For builds that would look for a GPU, which a builder need not have.
    ...(cudaOf(wish) === null ? {} : { FORCE_CUDA: "1" }),
    ...(archs.length === 0 ? {} : { TORCH_CUDA_ARCH_LIST: archs.join(" ") }),
    ...(toolkit === null ? {} : { CUDA_HOME: toolkit.path, CUDA_PATH: toolkit.path }),
    ...(wish?.torch || cudaOf(wish) !== null ? parallelism(share, archs.length, toolkit !== null) : {}),
  };
}

/** Variables of the machine that would make a build for the CPU one for a GPU. */
export function misleading(wish: WheelWish | null): RegExp | null {
  return wish?.torch?.variant === "cpu" ? /^CUDA_(?:HOME|PATH|ROOT|TOOLKIT_ROOT_DIR)$/i : null;
}

/** As many compilers as there are cores and memory for; nvcc's threads each compile one architecture. */
function parallelism(
  { cores, memoryBytes }: BuildShare,
  archs: number,
  isDevice: boolean,
): Readonly<Record<string, string>> {
  const one = isDevice ? DEVICE_BYTES : HOST_BYTES;
  const atOnce = Math.max(1, Math.min(Math.ceil(cores), Math.floor(memoryBytes / one)));
  if (!isDevice) return { MAX_JOBS: String(atOnce) };
  // Files first: a build has many, and a linker that waits for the last of them gains nothing from threads.
  const threads = Math.max(1, Math.min(archs, NVCC_THREADS_MAX, Math.floor(atOnce / 4)));
  return { MAX_JOBS: String(Math.max(1, Math.floor(atOnce / threads))), NVCC_THREADS: String(threads) };
}

/** A toolkit as it was found where the build runs. */
export interface FoundToolkit extends CudaToolkit {
  /** Its headers are there, too. */
  readonly hasHeaders: boolean;
}

/** The toolkit of a feature release: one with headers, then the one found first. */
export function chooseToolkit(found: readonly FoundToolkit[], feature: string): CudaToolkit | null {
  const fitting = found.filter(({ version }) => version === feature || version.startsWith(`${feature}.`));
  const best = fitting.find(({ hasHeaders }) => hasHeaders) ?? fitting[0];
  return best ? { version: best.version, path: best.path } : null;
}

/** What the search for toolkits wrote down, as JSON; null when it is not what it writes. */
export function readFoundToolkits(text: string): readonly FoundToolkit[] | null {
  let answer: unknown;
  try {
    answer = JSON.parse(text);
  } catch {
    return null;
  }
  return Array.isArray(answer) && answer.every(isFound) ? answer : null;
}

function isFound(value: unknown): value is FoundToolkit {
  if (typeof value !== "object" || value === null) return false;
  const { version, path, hasHeaders } = value as Partial<Record<keyof FoundToolkit, unknown>>;
  return typeof version === "string" && typeof path === "string" && typeof hasHeaders === "boolean";
}
