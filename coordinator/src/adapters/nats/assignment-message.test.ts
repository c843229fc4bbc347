import type { PlannedContainer } from "@kiln/matrix";
import { fromBinary, toBinary } from "@bufbuild/protobuf";
import { job as wire } from "@kiln/proto";
import { expect, test } from "vitest";
import { workOf } from "../../domain/job-work.ts";
import { twoStepPlan } from "../../domain/testing.ts";
import { assignmentMessage } from "./assignment-message.ts";

const blob = { sha256: "b".repeat(64), sizeBytes: 5, filename: "demo-1.0.tar.gz" };

/** The container in the message of a build, as an agent reads it. */
function received(container: PlannedContainer | null): wire.Container | undefined {
  const plan = twoStepPlan(["3.12"]);
  const [build] = plan.jobs;
  if (!build) throw new Error("the plan has a build");
  const work = workOf(plan, { ...build, container }, blob, null, null);
  const message = assignmentMessage({
    agentId: "a",
    key: { run: 1, job: 0, attempt: 1 },
    leaseTtlMs: 1_000,
    devices: { host: "agent:a", gpus: [], exclusive: false },
    work,
  });
  return fromBinary(wire.AssignmentSchema, toBinary(wire.AssignmentSchema, message)).job?.container;
}

test("a job that asks for no container has none in its message", () => {
  expect(received(null)).toBeUndefined();
});

test("what a job asks of its container reaches the agent", () => {
  const { NONE, OPEN } = wire.ContainerNetwork;
  expect(received({ image: "debian:12", manylinux: null, network: "open" })).toMatchObject({
    image: "debian:12",
    manylinux: "",
    network: OPEN,
  });
  expect(received({ image: null, manylinux: "manylinux_2_28", network: "none" })).toMatchObject({
    image: "",
    manylinux: "manylinux_2_28",
    network: NONE,
  });
});
