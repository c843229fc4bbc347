import { create } from "@bufbuild/protobuf";
import { job as wire } from "@kiln/proto";
import type { PlannedContainer } from "@kiln/matrix";
import type { Blob } from "../../domain/rows.ts";
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
        }),
      };
    case "test": {
      const { extras, requires } = work.job;
      const value = create(wire.TestWorkSchema, {
        wheel: blobMessage(work.wheel),
        candidate,
        extras: [...extras],
        requires: [...requires],
        check: testCheck(work),
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
