import { create } from "@bufbuild/protobuf";
import { job as wire } from "@kiln/proto";
import type { PlannedBuild, PlannedContainer } from "@kiln/matrix";
import type { Blob } from "../../domain/rows.ts";
import { ANY_VARIANT } from "../../domain/staging/staged-file.ts";
import type { JobWork } from "../../domain/job-work.ts";
import type { OutgoingAssignment } from "../../ports/agent-bus.ts";

/** The message that tells an agent what to run. */
export function assignmentMessage(assignment: OutgoingAssignment): wire.Assignment {
  const { work, key, leaseTtlMs } = assignment;
  const { job } = work;
  return create(wire.AssignmentSchema, {
    attempt: key,
    leaseTtlMs,
    job: {
      name: job.name,
      python: job.requirement.python,
      env: { ...work.env },
      limits: { timeoutMs: job.limits.timeoutMs, logBytesMax: BigInt(job.limits.logBytesMax) },
      work: workMessage(work),
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
