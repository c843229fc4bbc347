import { compareNumbers } from "./number-order.ts";
import { readCitations, readFile, type Citation, type DataFile, type DataRecord } from "./record.ts";
import {
  indexWheels,
  parseVariant,
  readIndexWheels,
  readTags,
  sortPythons,
  type WheelIndex,
} from "./torch-wheel-list.ts";

/** One release of PyTorch. What no document that was read says is null, never empty. */
export interface TorchRelease {
  /** "2.1.2". */
  readonly version: string;
  /** "2.1". */
  readonly feature: string;
  /** Pythons that it is declared to support, free-threaded ones too, oldest first. */
  readonly pythons: readonly string[];
  /** Notes on Pythons of which the declaration is not certain. */
  readonly pythonRemarks: string;
  /** Platform → CUDA versions that it is declared to be built for. */
  readonly cuda: ReadonlyMap<string, readonly string[]>;
  /** CUDA versions that are build targets and whose wheels no list names. */
  readonly cudaTargets: readonly string[];
  readonly cudaTargetsWithoutWindows: readonly string[];
  /** ROCm versions, "6.0". */
  readonly rocm: readonly string[];
  /** Platform tags for Macs by platform; null when no document that was read says it. */
  readonly macosTags: ReadonlyMap<string, readonly string[]> | null;
  readonly windowsCpu: boolean;
  readonly aarch64CpuTags: readonly string[] | null;
  readonly lists: TorchLists;
  /** Platform → variant of the wheels on PyPI: "12.1", `cpu`. */
  readonly pypiDefault: ReadonlyMap<string, string>;
  /** Platform tag of the Linux x86_64 wheels on PyPI. */
  readonly pypiLinuxTag: string | null;
  /** Platform → `default` or variant → _GLIBCXX_USE_CXX11_ABI. */
  readonly cxx11Abi: ReadonlyMap<string, ReadonlyMap<string, "0" | "1">>;
  /** Platform → CUDA → compute capabilities, "9.0" or "12.0+PTX". */
  readonly archLists: ReadonlyMap<string, ReadonlyMap<string, readonly string[]>>;
  readonly citations: ReadonlyMap<string, Citation>;
}

/** The lists of wheels that were read. Each is complete for what it covers. */
export interface TorchLists {
  /** PyTorch's own index: every variant and platform. */
  readonly index: WheelIndex | null;
  /** PyPI: on each platform the variant that PyPI carries; "" where that is not known. */
  readonly pypi: WheelIndex | null;
  /** The CPU part of PyTorch's index, from one Python on. */
  readonly cpuIndex: { readonly wheels: WheelIndex; readonly pythonMin: string } | null;
}

const CUDA = /^\d+\.\d+$/;

/** Oldest first. */
export function readTorchReleases(file: DataFile, asOf: string): readonly TorchRelease[] {
  const { documents, records } = readFile(file, "version");
  return records
    .map((record) => readRelease(record, readCitations(record, documents, asOf)))
    .toSorted((a, b) => compareNumbers(a.version, b.version));
}

function readRelease(record: DataRecord, citations: ReadonlyMap<string, Citation>): TorchRelease {
  const python = record.part("python");
  const pypiDefault = readPypiDefault(record.part("pypi_default"));
  return {
    version: record.matching("version", /^\d+\.\d+\.\d+$/, "a version such as 2.1.2"),
    feature: record.matching("minor", CUDA, "a version such as 2.1"),
    pythons: sortPythons([...python.texts("list"), ...python.texts("free_threaded")]),
    pythonRemarks: [python.textOrNull("release_md"), python.textOrNull("note")].filter(Boolean).join("; "),
    cuda: new Map(
      ["linux_x86_64", "windows_x86_64", "linux_aarch64"].map((key) => [
        platformOfKey(key),
        record.part("cuda").texts(key).toSorted(compareNumbers),
      ]),
    ),
    cudaTargets: [
      ...new Set([
        ...(record.textsOrNull("cuda_extra_targets") ?? []),
        ...(record.textsOrNull("cuda_release_branch_targets") ?? []),
      ]),
    ].toSorted(compareNumbers),
    cudaTargetsWithoutWindows: record.textsOrNull("cuda_targets_without_windows") ?? [],
    rocm: record.texts("rocm").toSorted(compareNumbers),
    macosTags: readMacosTags(record.partOrNull("macos")),
    windowsCpu: record.part("windows").has("cpu"),
    aarch64CpuTags: record.textsOrNull("linux_aarch64_cpu"),
    lists: readLists(record, pypiDefault),
    pypiDefault,
    pypiLinuxTag: record.part("manylinux").textOrNull("pypi_linux_x86_64"),
    cxx11Abi: readAbi(record.part("cxx11_abi")),
    archLists: readArchLists(record.part("arch_list")),
    citations,
  };
}

function platformOfKey(key: string): string {
  return key.replace("_", "-");
}

function readPypiDefault(record: DataRecord): ReadonlyMap<string, string> {
  return new Map(
    record.keys().map((key) => {
      const variant = parseVariant(record.text(key)) ?? record.fail(key, "a variant such as cu121");
      return [platformOfKey(key), variant.variant] as const;
    }),
  );
}

function readMacosTags(record: DataRecord | null): ReadonlyMap<string, readonly string[]> | null {
  if (record === null) return null;
  return new Map(["arm64", "x86_64"].map((arch) => [`macos-${arch}`, record.texts(arch).toSorted()] as const));
}

function readLists(record: DataRecord, pypiDefault: ReadonlyMap<string, string>): TorchLists {
  const index = record.partOrNull("index_wheels");
  const pypi = record.partOrNull("pypi_wheels");
  const cpu = record.partOrNull("cpu_index_wheels");
  const plain = (variant: string) => ({ variant, flavour: "" });
  return {
    index: index && indexWheels(readIndexWheels(index)),
    pypi:
      pypi &&
      indexWheels(
        readTags(pypi, (platform) => {
          const variant = pypiDefault.get(platform);
          return variant === undefined ? null : plain(variant);
        }),
      ),
    cpuIndex: cpu && {
      wheels: indexWheels(readTags(cpu, () => plain("cpu"))),
      pythonMin: record.textOrNull("cpu_index_wheels_python_min") ?? "3.0",
    },
  };
}

function readAbi(record: DataRecord): TorchRelease["cxx11Abi"] {
  const platforms = record.keys().filter((key) => key !== "note");
  return new Map(
    platforms.map((key) => {
      const variants = record.part(key);
      const values = variants.keys().map((name) => {
        const abi = variants.number(name);
        if (abi !== 0 && abi !== 1) return variants.fail(name, "0 or 1");
        const parsed = name === "default" || name === "rocm" ? { variant: name, flavour: "" } : parseVariant(name);
        const { variant, flavour } = parsed ?? variants.fail(name, "named for a variant of PyTorch");
        return { flavour, entry: [variant, abi === 0 ? "0" : "1"] as const };
      });
      // Cells use the plain wheels; `cpu.cxx11.abi` is a second build beside them.
      return [
        platformOfKey(key),
        new Map(values.filter(({ flavour }) => flavour === "").map(({ entry }) => entry)),
      ] as const;
    }),
  );
}

function readArchLists(record: DataRecord): TorchRelease["archLists"] {
  return new Map(
    record.keys().map((key) => {
      const lists = record.part(key);
      const byCuda = lists.keys().map((cuda) => [cuda, lists.texts(cuda).toSorted(compareArchs)] as const);
      return [platformOfKey(key), new Map(byCuda)] as const;
    }),
  );
}

function compareArchs(a: string, b: string): number {
  return compareNumbers(a.replace("+PTX", ""), b.replace("+PTX", ""));
}
