import { create } from "@bufbuild/protobuf";
import { job as wire } from "@kiln/proto";
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
      python: job.python,
      env: { ...job.env },
      limits: { timeoutMs: job.limits.timeoutMs, logBytesMax: BigInt(job.limits.logBytesMax) },
      work: workMessage(work),
    },
  });
}

function workMessage(work: JobWork): wire.JobSpec["work"] {
  const candidate = create(wire.CandidateSchema, { name: work.candidate.name, version: work.candidate.version ?? "" });
  if (work.kind === "build") {
    const value = create(wire.BuildWorkSchema, {
      source: blobMessage(work.source),
      candidate,
      configSettings: { ...work.job.configSettings },
    });
    return { case: "build", value };
  }
  const { command, extras, requires, files } = work.job;
  const value = create(wire.TestWorkSchema, {
    wheel: blobMessage(work.wheel),
    candidate,
    extras: [...extras],
    requires: [...requires],
    check:
      command === null
        ? { case: "importCheck", value: create(wire.ImportCheckSchema) }
        : {
            case: "command",
            value: create(wire.CommandCheckSchema, { command, source: blobMessage(work.source), files: [...files] }),
          },
  });
  return { case: "test", value };
}

function blobMessage(blob: Blob): wire.BlobRef {
  return create(wire.BlobRefSchema, {
    sha256: blob.sha256,
    sizeBytes: BigInt(blob.sizeBytes),
    filename: blob.filename,
  });
}
