import type { VerdictView } from "@kiln/proto";

type Decision = Pick<VerdictView["approvals"][number], "who" | "role" | "onBehalfOf">;

/** `token:ci (releaser), on behalf of ada`: what the farm knows, then what was said. */
export function decidedBy({ who, role, onBehalfOf }: Decision): string {
  const known = role === null ? who : `${who} (${role})`;
  return onBehalfOf === "" ? known : `${known}, on behalf of ${onBehalfOf}`;
}
