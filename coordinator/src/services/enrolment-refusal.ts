import type { TokenRefusal } from "../domain/enrolment.ts";

export type WhyNotEnrolled =
  | TokenRefusal
  | { readonly reason: "malformed-token"; readonly message: string }
  | { readonly reason: "no-join-token" }
  | { readonly reason: "token-foreign" }
  | { readonly reason: "clock-skew"; readonly nowMs: number; readonly theirsMs: number }
  | { readonly reason: "too-many-agents"; readonly limit: number }
  | { readonly reason: "agent-revoked" }
  | { readonly reason: "bad-request"; readonly message: string };

/** Why a machine does not get credentials, and what to do. */
export interface EnrolmentRefusal {
  readonly reason: Exclude<WhyNotEnrolled["reason"], "no-join-token"> | "malformed-token";
  readonly detail: string;
  /** The farm's, where the machine's clock is wrong. */
  readonly farmTimeMs?: number;
}

const ANOTHER = "make another with `kiln agent token` where the farm runs";

/** The refusal in words. */
export function enrolmentRefusal(why: WhyNotEnrolled): { readonly ok: false } & EnrolmentRefusal {
  switch (why.reason) {
    case "token-unknown":
      return refused(why.reason, `the farm knows no such join token: it was deleted, or has long expired; ${ANOTHER}`);
    case "token-used": {
      const times = why.uses === 1 ? "its one machine has joined" : `its ${why.uses} machines have joined`;
      return refused(why.reason, `the join token is used up: ${times}; ${ANOTHER}`);
    }
    case "token-expired":
      return refused(why.reason, `the join token expired at ${timeOf(why.expiredAtMs)}; ${ANOTHER}`);
    case "token-foreign":
      return refused(why.reason, `the join token is of another farm: give the address of that farm, or ${ANOTHER}`);
    case "malformed-token":
      return refused(why.reason, why.message);
    case "no-join-token":
      return refused(
        "malformed-token",
        "this is an API token, for people and scripts; machines join with one of `kiln agent token`",
      );
    case "clock-skew": {
      const minutes = Math.round(Math.abs(why.theirsMs - why.nowMs) / 60_000);
      const which = why.theirsMs < why.nowMs ? "behind" : "ahead of";
      const detail =
        `the machine's clock (${timeOf(why.theirsMs)}) is ${minutes} min ${which} the farm's (${timeOf(why.nowMs)}), ` +
        "and certificates would not hold there; set the clock that is wrong, for example by turning on NTP, and try again";
      return { ...refused(why.reason, detail), farmTimeMs: why.nowMs };
    }
    case "too-many-agents":
      return refused(
        why.reason,
        `the farm takes at most ${why.limit} agents (KILN_AGENTS_MAX); revoke those that are gone`,
      );
    case "agent-revoked":
      return refused(
        why.reason,
        "this agent was revoked: its certificate does not count any more; remove its folder and join with a new token",
      );
    case "bad-request":
      return refused(why.reason, why.message);
  }
}

function refused(reason: EnrolmentRefusal["reason"], detail: string) {
  return { ok: false as const, reason, detail };
}

function timeOf(ms: number): string {
  return Math.abs(ms) <= 8.64e15 ? new Date(ms).toISOString().replace(/\.\d+Z$/, "Z") : "no time at all";
}
