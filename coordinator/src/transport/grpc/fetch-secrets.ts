import { create } from "@bufbuild/protobuf";
import { status } from "@grpc/grpc-js";
import { agent as wire } from "@kiln/proto";
import type { AgentRegistry } from "../../services/agent-registry.ts";
import type { AttemptSecrets } from "../../services/attempt-secrets.ts";
import { parseKey } from "./parse-frame.ts";

export type FetchedSecrets =
  | { readonly ok: true; readonly response: wire.FetchSecretsResponse }
  /** `detail` is told to the agent. */
  | { readonly ok: false; readonly code: status; readonly detail: string };

/**
 * The values that an attempt's job names, for the agent that holds it. `peer` is
 * where it speaks from (`10.1.2.3:4567`); that it is the agent it says it is has
 * been made sure of. Throws BadMessageError.
 */
export async function fetchSecrets(
  parts: { readonly registry: AgentRegistry; readonly attemptSecrets: AttemptSecrets },
  { agentId, sessionId, attempt }: wire.FetchSecretsRequest,
  peer: string,
): Promise<FetchedSecrets> {
  const key = parseKey(attempt);
  if (!parts.registry.isRegistered(agentId, sessionId)) {
    return { ok: false, code: status.NOT_FOUND, detail: "this agent process is not registered: register first" };
  }
  const given = await parts.attemptSecrets.give(agentId, key, hostOf(peer));
  if (given.ok) {
    return { ok: true, response: create(wire.FetchSecretsResponseSchema, { values: { ...given.values } }) };
  }
  const code = given.reason === "not-held" ? status.PERMISSION_DENIED : status.FAILED_PRECONDITION;
  return { ok: false, code, detail: given.detail };
}

/** `10.1.2.3:4567` → `10.1.2.3`, `[::1]:4567` → `::1`. */
export function hostOf(peer: string): string {
  return peer.replace(/:\d+$/, "").replace(/^\[(.*)\]$/, "$1");
}
