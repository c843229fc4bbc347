import { job as wire } from "@kiln/proto";
import { valid } from "@renovatebot/pep440";
import type { AttemptRef } from "../../domain/attempt-key.ts";
import type {
  Assignment,
  Blob,
  BuildWork,
  Candidate,
  ContainerWish,
  Job,
  JobDevices,
  MeasureWork,
  TestWork,
  Torch,
  WheelWish,
} from "../../domain/job.ts";

export type ParsedAssignment =
  | { readonly ok: true; readonly assignment: Assignment }
  /** `message` says which part is missing or wrong. */
  | { readonly ok: false; readonly message: string };

/** What the report has room for. */
const PAIRS_MAX = 40;
const BOUND_BY: Readonly<Partial<Record<wire.BoundBy, "gpu" | "host" | "both">>> = {
  [wire.BoundBy.GPU]: "gpu",
  [wire.BoundBy.HOST]: "host",
};
/** Beyond it a test is rather repaired. */
const REPEATS_MAX = 5;

class BadAssignmentError extends Error {}

/** Parses what the coordinator sent into what the agent works with. */
export function parseAssignment(message: wire.Assignment): ParsedAssignment {
  try {
    const ref = parseRef(message.attempt);
    if (!message.job) throw new BadAssignmentError("it has no job");
    return { ok: true, assignment: { ref, job: parseJob(message.job) } };
  } catch (cause) {
    if (cause instanceof BadAssignmentError) return { ok: false, message: cause.message };
    throw cause;
  }
}

function parseRef(ref: wire.AttemptRef | undefined): AttemptRef {
  if (!ref || ref.run === 0 || ref.attempt === 0) throw new BadAssignmentError("it names no attempt");
  return { run: ref.run, job: ref.job, attempt: ref.attempt };
}

function parseJob(job: wire.JobSpec): Job {
  const { name, python, env, limits, work, container, secrets, devices } = job;
  if (!limits || limits.timeoutMs === 0) throw new BadAssignmentError(`${name} has no time limit`);
  if (!/^3\.\d{1,3}t?$/.test(python)) throw new BadAssignmentError(`${name} names no CPython: "${python}"`);
  const wrong = secrets.find((secret) => !/^[A-Z][A-Z0-9_]{0,62}$/.test(secret));
  if (wrong !== undefined) throw new BadAssignmentError(`${name} names a secret that is none: "${wrong}"`);
  return {
    name,
    python,
    env,
    ...(secrets.length > 0 ? { secrets } : {}),
    limits: { timeoutMs: limits.timeoutMs, logBytesMax: Number(limits.logBytesMax) },
    work: parseWork(name, work),
    ...(container ? { container: parseContainer(name, container) } : {}),
    ...(devices && (devices.gpus.length > 0 || devices.host) ? { devices: parseDevices(name, devices) } : {}),
  };
}

/** They become a variable of the job's environment. */
function parseDevices(name: string, { gpus, host }: wire.Devices): JobDevices {
  const strange = gpus.find((uuid) => !/^(?:GPU|MIG)-[\w/-]{1,200}$/.test(uuid));
  if (strange !== undefined) throw new BadAssignmentError(`${name} has a device that is no GPU: "${strange}"`);
  return { gpus, host };
}

function parseContainer(name: string, { image, manylinux, network }: wire.Container): ContainerWish {
  return {
    ...(image === "" ? {} : { image }),
    ...(manylinux === "" ? {} : { manylinux }),
    network: parseNetwork(name, network),
  };
}

function parseNetwork(name: string, network: wire.ContainerNetwork): "none" | "open" {
  switch (network) {
    case wire.ContainerNetwork.UNSPECIFIED:
    case wire.ContainerNetwork.NONE:
      return "none";
    case wire.ContainerNetwork.OPEN:
      return "open";
    default:
      throw new BadAssignmentError(`${name} asks for a network that this agent does not know`);
  }
}

function parseWork(name: string, work: wire.JobSpec["work"]): Job["work"] {
  switch (work.case) {
    case "build": {
      const { source, candidate, configSettings, wheel, frontend, checkReproducible } = work.value;
      return {
        kind: "build",
        source: parseBlob(source),
        candidate: parseCandidate(candidate),
        configSettings,
        frontend: parseFrontend(name, frontend),
        checkReproducible,
        wheel: wheel ? parseWheelWish(name, wheel) : null,
      };
    }
    case "test": {
      const { wheel, candidate, extras, requires, check, index, torch, repeatFailed } = work.value;
      return {
        kind: "test",
        wheel: parseBlob(wheel),
        candidate: parseCandidate(candidate),
        extras,
        requires,
        index: index === "" ? null : parseIndex(name, index),
        torch: torch ? parseTorch(name, torch) : null,
        check: parseCheck(name, check),
        repeatFailed: Math.min(repeatFailed, REPEATS_MAX),
      };
    }
    case "command": {
      const { command, source, files, requires, wheel } = work.value;
      return {
        kind: "command",
        requires,
        check: { kind: "command", command, source: parseBlob(source), files },
        wheel: wheel ? parseBlob(wheel) : null,
      };
    }
    case "measure":
      return parseMeasure(name, work.value);
    case undefined:
      throw new BadAssignmentError(`${name} has no work that this agent knows`);
  }
}

function parseMeasure(name: string, work: wire.MeasureWork): MeasureWork {
  const { wheel, candidate, requires, command, source, files, index, torch, baseline, measure } = work;
  return {
    kind: "measure",
    wheel: parseBlob(wheel),
    candidate: parseCandidate(candidate),
    requires,
    index: parseIndex(name, index),
    torch: torch ? parseTorch(name, torch) : null,
    check: { kind: "command", command, source: parseBlob(source), files },
    baseline: baseline ? parseBaseline(name, baseline) : null,
    how: parseHow(name, measure),
  };
}

/** The version comes back to pip as part of a requirement. */
function parseBaseline(name: string, baseline: wire.Baseline): NonNullable<MeasureWork["baseline"]> {
  const { version, wheel, run, commit, sha256 } = baseline;
  if (wheel) {
    return { kind: "wheel", version, wheel: parseBlob(wheel), run: run || null, commit: commit || null };
  }
  if (version !== "" && valid(version) === null) {
    throw new BadAssignmentError(`${name} names a baseline that is no version (PEP 440): "${version}"`);
  }
  return { kind: "index", version: version || null, sha256: sha256 || null };
}

function parseHow(name: string, how: wire.MeasureWork["measure"]): MeasureWork["how"] {
  switch (how.case) {
    case "bench": {
      const { pairs, pairsAgainMax, boundBy, clockShareMin, foreignCpuMax, results } = how.value;
      if (pairs === 0 || pairs + pairsAgainMax > PAIRS_MAX) {
        throw new BadAssignmentError(`${name} asks for ${pairs} pairs; 1 to ${PAIRS_MAX} can be measured`);
      }
      const bound = { pairs, pairsAgainMax, boundBy: BOUND_BY[boundBy] ?? "both" };
      return { kind: "bench", ...bound, clockShareMin, foreignCpuMax, results };
    }
    case "profile": {
      const { kernels, launchSkip, launchCount, metrics } = how.value;
      const names = metrics.map((metric) => metric.names);
      return { kind: "profile", kernels: kernels === "" ? null : kernels, launchSkip, launchCount, metrics: names };
    }
    case undefined:
      throw new BadAssignmentError(`${name} measures in a way that this agent does not know`);
  }
}

function parseFrontend(name: string, frontend: wire.BuildFrontend): BuildWork["frontend"] {
  switch (frontend) {
    case wire.BuildFrontend.UNSPECIFIED:
    case wire.BuildFrontend.PIP:
      return "pip";
    case wire.BuildFrontend.CIBUILDWHEEL:
      return "cibuildwheel";
    default:
      throw new BadAssignmentError(`${name} asks for a build frontend that this agent does not know`);
  }
}

function parseWheelWish(name: string, wish: wire.WheelWish): WheelWish {
  const { torch, cuda, index, localVersion, cxx11Abi, archList, policy } = wish;
  if (!/^[01]?$/.test(cxx11Abi)) throw new BadAssignmentError(`${name} names no C++ ABI: "${cxx11Abi}"`);
  return {
    kind: parseWheelKind(name, wish.kind),
    torch: torch ? parseTorch(name, torch) : null,
    cuda: cuda === "" ? null : cuda,
    index: parseIndex(name, index),
    localVersion: localVersion === "" ? null : localVersion,
    cxx11Abi: cxx11Abi === "" ? null : (cxx11Abi as "0" | "1"),
    archList,
    policy: policy === "" ? null : policy,
  };
}

function parseWheelKind(name: string, kind: wire.WheelKind): WheelWish["kind"] {
  switch (kind) {
    case wire.WheelKind.UNSPECIFIED:
    case wire.WheelKind.NATIVE:
      return "native";
    case wire.WheelKind.ABI3:
      return "abi3";
    case wire.WheelKind.PURE:
      return "pure";
    default:
      throw new BadAssignmentError(`${name} asks for a kind of wheel that this agent does not know`);
  }
}

function parseTorch(name: string, { version, variant }: wire.Torch): Torch {
  if (version === "" || variant === "") throw new BadAssignmentError(`${name} names a PyTorch by halves`);
  return { version, variant };
}

/** Becomes a part of an address. */
function parseIndex(name: string, index: string): string {
  if (!/^[a-z0-9][a-z0-9._-]{0,63}$/.test(index)) throw new BadAssignmentError(`${name} names no index: "${index}"`);
  return index;
}

function parseCheck(name: string, check: wire.TestWork["check"]): TestWork["check"] {
  switch (check.case) {
    case "importCheck":
      return { kind: "import" };
    case "command": {
      const { command, source, files } = check.value;
      return { kind: "command", command, source: parseBlob(source), files };
    }
    case undefined:
      throw new BadAssignmentError(`${name} has no check that this agent knows`);
  }
}

function parseCandidate(candidate: wire.Candidate | undefined): Candidate {
  if (!candidate?.name) throw new BadAssignmentError("it names no candidate");
  return { name: candidate.name, version: candidate.version === "" ? null : candidate.version };
}

function parseBlob(blob: wire.BlobRef | undefined): Blob {
  if (!blob || !/^[0-9a-f]{64}$/.test(blob.sha256)) throw new BadAssignmentError("a blob has no digest");
  const { sha256, sizeBytes, filename } = blob;
  if (!/^[^/\\\0]{1,255}$/.test(filename) || filename === "." || filename === "..") {
    throw new BadAssignmentError("a blob's file name is empty, too long or has folders");
  }
  return { sha256, sizeBytes: Number(sizeBytes), filename };
}
