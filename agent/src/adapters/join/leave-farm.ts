import type { FarmHttp } from "../../ports/farm-http.ts";
import { FinalError, refusalOf } from "../http/refusal.ts";
import { retrying, type RetryParts } from "../http/retrying.ts";

const TRY_MS = 10_000;

export type LeaveResult = { readonly ok: true } | { readonly ok: false; readonly message: string };

/** Tells the farm that this agent leaves: its certificate is void from then on. Waits for the farm until the signal. */
export async function leaveFarm(
  http: FarmHttp,
  agentId: string,
  signal: AbortSignal,
  parts: RetryParts,
): Promise<LeaveResult> {
  try {
    await retrying("the farm could not be told that this agent leaves", parts, signal, async () => {
      const tried = AbortSignal.any([signal, AbortSignal.timeout(TRY_MS)]);
      const response = await http.fetch(`/api/v1/agents/${agentId}/leave`, { method: "POST", signal: tried });
      if (!response.ok) throw await refusalOf("the farm did not let this agent go", response);
    });
    return { ok: true };
  } catch (cause) {
    if (cause instanceof FinalError || signal.aborted) {
      return { ok: false, message: cause instanceof FinalError ? cause.message : "the farm does not answer" };
    }
    throw cause;
  }
}
