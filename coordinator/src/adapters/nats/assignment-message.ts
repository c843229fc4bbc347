import { create } from "@bufbuild/protobuf";
import { NCU_METRICS } from "@kiln/gate";
import { job as wire } from "@kiln/proto";
import type { PlannedBench, PlannedBuild, PlannedContainer, PlannedProfile } from "@kiln/matrix";
import type { Blob } from "../../domain/rows.ts";
import { ANY_VARIANT } from "../../domain/staging/staged-file.ts";
import type { BaselineTask, JobWork, MeasureTask } from "../../domain/job-work.ts";
import type { OutgoingAssignment } from "../../ports/agent-bus.ts";

/** The message that tells an agent what to run. */
export function assignmentMessage(assignment: OutgoingAssignment): wire.Assignment {
  const { work, key, leaseTtlMs, devices } = assignment;
  const { job } = work;
  return create(wire.AssignmentSchema, {
    attempt: key,
    leaseTtlMs,
    job: {
      name: job.name,
      python: job.requirement.python,
      env: { ...work.env },
      secrets: [...job.secrets],
      limits: { timeoutMs: job.limits.timeoutMs, logBytesMax: BigInt(job.limits.logBytesMax) },
      work: workMessage(work),
      ...(devices.gpus.length === 0 && !devices.exclusive
        ? {}
        : { devices: create(wire.DevicesSchema, { gpus: [...devices.gpus], host: devices.exclusive }) }),
      ...(job.container === null ? {} : { container: containerMessage(job.container) }),
    },
  });
}

function containerMessage({ image, manylinux, network }: PlannedContainer): wire.Container {
  return create(wire.ContainerSchema, {
    image: image ?? "",
    manylinux: manylinux ?? "",
    network: network === "open" ? wire.ContainerNetwork.OPEN : wire.ContainerNetwork.NONE,
  });
}

function workMessage(work: JobWork): wire.JobSpec["work"] {
  const candidate = create(wire.CandidateSchema, { name: work.candidate.name, version: work.candidate.version ?? "" });
  switch (work.kind) {
    case "build":
      return {
        case: "build",
        value: create(wire.BuildWorkSchema, {
          source: blobMessage(work.source),
          candidate,
          configSettings: { ...work.job.configSettings },
          wheel: wheelWish(work.job),
          frontend: FRONTENDS[work.job.frontend],
          checkReproducible: work.job.checkReproducible,
        }),
      };
    case "test": {
      const { extras, requires, torch, repeatFailed } = work.job;
      const value = create(wire.TestWorkSchema, {
        wheel: blobMessage(work.wheel),
        candidate,
        extras: [...extras],
        requires: [...requires],
        check: testCheck(work),
        index: work.index,
        repeatFailed,
        ...(torch === null ? {} : { torch: create(wire.TorchSchema, torch) }),
      });
      return { case: "test", value };
    }
    case "check":
    case "scan": {
      const { command, files, requires } = work.job;
      const value = create(wire.CommandWorkSchema, {
        command,
        source: blobMessage(work.source),
        files: [...files],
        requires: [...requires],
        ...(work.kind === "scan" ? { wheel: blobMessage(work.wheel) } : {}),
      });
      return { case: "command", value };
    }
    case "bench":
    case "profile":
      return { case: "measure", value: measureWork(work) };
  }
}

const FRONTENDS = {
  pip: wire.BuildFrontend.PIP,
  cibuildwheel: wire.BuildFrontend.CIBUILDWHEEL,
} as const;

const WHEEL_KINDS = {
  native: wire.WheelKind.NATIVE,
  abi3: wire.WheelKind.ABI3,
  pure: wire.WheelKind.PURE,
} as const;

function wheelWish({ wheel, requirement }: PlannedBuild): wire.WheelWish {
  const { kind, torch, index, localVersion, cxx11Abi, archList, policy } = wheel;
  return create(wire.WheelWishSchema, {
    kind: WHEEL_KINDS[kind],
    ...(torch === null ? {} : { torch: create(wire.TorchSchema, torch) }),
    cuda: requirement.cudaToolkit ?? "",
    index: index ?? ANY_VARIANT,
    localVersion: localVersion ?? "",
    cxx11Abi: cxx11Abi ?? "",
    archList: [...archList],
    policy: policy ?? "",
  });
}

function testCheck(work: JobWork & { readonly kind: "test" }): wire.TestWork["check"] {
  const { command, files } = work.job;
  if (command === null) return { case: "importCheck", value: create(wire.ImportCheckSchema) };
  const source = blobMessage(work.source);
  return { case: "command", value: create(wire.CommandCheckSchema, { command, source, files: [...files] }) };
}

function blobMessage(blob: Blob): wire.BlobRef {
  return create(wire.BlobRefSchema, {
    sha256: blob.sha256,
    sizeBytes: BigInt(blob.sizeBytes),
    filename: blob.filename,
  });
}

const BOUND_BY = { gpu: wire.BoundBy.GPU, host: wire.BoundBy.HOST, both: wire.BoundBy.BOTH } as const;

function measureWork(work: JobWork & { readonly kind: "bench" | "profile" }): wire.MeasureWork {
  const { job, measure, candidate } = work;
  const { baseline } = measure;
  return create(wire.MeasureWorkSchema, {
    wheel: blobMessage(work.wheel),
    candidate: create(wire.CandidateSchema, { name: candidate.name, version: candidate.version ?? "" }),
    requires: [...job.requires],
    command: job.command,
    source: blobMessage(work.source),
    files: [...job.files],
    index: work.index,
    ...(job.torch === null ? {} : { torch: create(wire.TorchSchema, job.torch) }),
    ...(baseline === null ? {} : { baseline: baselineMessage(baseline) }),
    measure: job.kind === "bench" ? benchWork(job, measure) : profileWork(job),
  });
}

function baselineMessage(baseline: BaselineTask): wire.Baseline {
  if (baseline.kind === "index") {
    return create(wire.BaselineSchema, { version: baseline.version ?? "", sha256: baseline.sha256 ?? "" });
  }
  const { version, wheel, run, commit } = baseline;
  return create(wire.BaselineSchema, { version, wheel: blobMessage(wheel), run, commit: commit ?? "" });
}

/** The agent measures again what the gate would discard: by the same thresholds. */
function benchWork(job: PlannedBench, { pairs, limits }: MeasureTask): wire.MeasureWork["measure"] {
  const value = create(wire.BenchWorkSchema, {
    ...{ pairs, ...limits },
    boundBy: BOUND_BY[job.boundBy],
    results: job.results,
  });
  return { case: "bench", value };
}

function profileWork({ kernels, launchSkip, launchCount }: PlannedProfile): wire.MeasureWork["measure"] {
  const value = create(wire.ProfileWorkSchema, {
    ...{ kernels: kernels ?? "", launchSkip, launchCount },
    metrics: NCU_METRICS.map((names) => ({ names: [...names] })),
  });
  return { case: "profile", value };
}
