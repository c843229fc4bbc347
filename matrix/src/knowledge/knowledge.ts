import cudaToolkits from "../../data/cuda-toolkits.json" with { type: "json" };
import gpus from "../../data/gpus.json" with { type: "json" };
import manylinux from "../../data/manylinux.json" with { type: "json" };
import pythons from "../../data/pythons.json" with { type: "json" };
import pytorchReleases from "../../data/pytorch-releases.json" with { type: "json" };
import { readToolkits, type CudaToolkit } from "./cuda-toolkit.ts";
import { readGpus, type GpuModel } from "./gpu-model.ts";
import { readLinux, type DistributionRecord, type ManylinuxPolicy } from "./manylinux.ts";
import { readPythons, type PythonRelease } from "./python-release.ts";
import { readTorchReleases, type TorchRelease } from "./torch-release.ts";

/** The compatibility data, typed. It does not depend on the order of records or of their fields. */
export interface Knowledge {
  /** Date of the newest fact, 2026-10-06. */
  readonly version: string;
  /** Oldest first. */
  readonly torchReleases: readonly TorchRelease[];
  readonly torchByVersion: ReadonlyMap<string, TorchRelease>;
  /** Oldest first. */
  readonly toolkits: readonly CudaToolkit[];
  /** Toolkits of a feature version such as "12.1", oldest first. */
  readonly toolkitsByFeature: ReadonlyMap<string, readonly CudaToolkit[]>;
  /** By compute capability, then by name. */
  readonly gpus: readonly GpuModel[];
  readonly gpuByName: ReadonlyMap<string, GpuModel>;
  /** Oldest first. */
  readonly pythons: readonly PythonRelease[];
  /** Oldest glibc first. */
  readonly policies: readonly ManylinuxPolicy[];
  /** By name. */
  readonly distributions: readonly DistributionRecord[];
}

/** The content of the files of matrix/data, as JSON gives it. */
export interface KnowledgeFiles {
  readonly pytorchReleases: unknown;
  readonly cudaToolkits: unknown;
  readonly gpus: unknown;
  readonly pythons: unknown;
  readonly manylinux: unknown;
}

/** Parses the data. Throws with file, record and field when something is malformed. */
export function readKnowledge(files: KnowledgeFiles): Knowledge {
  const version = newestDate(files);
  const torchReleases = readTorchReleases(data("pytorch-releases", files.pytorchReleases), version);
  const toolkits = readToolkits(data("cuda-toolkits", files.cudaToolkits), version);
  const models = readGpus(data("gpus", files.gpus), version);
  return {
    version,
    torchReleases,
    torchByVersion: new Map(torchReleases.map((release) => [release.version, release])),
    toolkits,
    toolkitsByFeature: Map.groupBy(toolkits, ({ feature }) => feature),
    gpus: models,
    gpuByName: new Map(models.map((model) => [model.name, model])),
    pythons: readPythons(data("pythons", files.pythons), version),
    ...readLinux(data("manylinux", files.manylinux), version),
  };
}

function data(name: string, content: unknown): { readonly file: string; readonly content: unknown } {
  return { file: `matrix/data/${name}.json`, content };
}

/** Dates of things that have happened; pythons.json also holds dates to come, which are not looked at. */
const DATE_FIELDS = new Set(["date", "release_date", "latest_date"]);

function newestDate(files: KnowledgeFiles): string {
  let newest = "";
  const look = (value: unknown, key: string): void => {
    if (typeof value === "string") {
      if (DATE_FIELDS.has(key) && /^\d{4}-\d{2}-\d{2}$/.test(value) && value > newest) newest = value;
    } else if (typeof value === "object" && value !== null) {
      for (const [name, inner] of Object.entries(value)) look(inner, name);
    }
  };
  look(files, "");
  if (newest === "") throw new Error("matrix/data: no record has a date");
  return newest;
}

/** Of the files that are committed with this code. */
export const KNOWLEDGE: Knowledge = readKnowledge({ pytorchReleases, cudaToolkits, gpus, pythons, manylinux });
