import { create } from "@bufbuild/protobuf";
import { agent as wire } from "@kiln/proto";
import type { FailedUpdate } from "../../domain/update/versions.ts";
import type { Registration } from "../../ports/coordinator.ts";
import { inventoryMessage } from "./inventory-message.ts";

/** A registration as its message. */
export function registerRequest(registration: Registration): wire.RegisterRequest {
  const { agentId, sessionId, name, version, slots, executor, kinds, inventory, labels, isEphemeral, service } =
    registration;
  return create(wire.RegisterRequestSchema, {
    agentId,
    sessionId,
    name,
    version,
    slots,
    executors: [executor],
    kinds: [...kinds],
    labels: { ...labels },
    ephemeral: isEphemeral,
    // From the index of the run and of the cell's CUDA variant.
    installsTorch: kinds.includes("build") || kinds.includes("test"),
    takesUpdates: service !== null,
    bundleSha256: service?.bundleSha256 ?? "",
    ...(service?.failed ? { failedUpdate: failedUpdate(service.failed) } : {}),
    inventory: inventoryMessage(inventory),
  });
}

function failedUpdate({ offer, sha256, reason }: FailedUpdate) {
  return { offer: BigInt(offer), bundleSha256: sha256, reason };
}
