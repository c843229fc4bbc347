import { APPROVER_ROLES, type ApprovalFact, type Waiver } from "@kiln/gate";
import type { Actor } from "../audit.ts";
import { principalName, type Role } from "../principal.ts";

/** Who decides about a candidate: somebody whom the farm knows, with the role that it gave them. */
export interface Decider extends Actor {
  readonly role: Role;
}

/** Who decided. */
export interface DecidedBy {
  /** As `principalName` writes it; `nobody` in what was decided before the farm kept it. */
  readonly who: string;
  /** Of the principal at that time; null: not known. */
  readonly role: Role | null;
  /** As they said; may be empty. */
  readonly onBehalfOf: string;
}

/** Somebody's word that these very bytes may go out. */
export interface ApprovalRow extends DecidedBy {
  readonly digest: string;
  readonly atMs: number;
}

/** A waiver that was given after the run, and when. */
export interface WaiverRow extends Waiver, DecidedBy {
  readonly atMs: number;
}

/** What the approval gate may count: by whose token, with which role of the farm, and nothing that was only said. */
export function approvalFacts(rows: readonly ApprovalRow[]): readonly ApprovalFact[] {
  return rows.flatMap(({ who, role: has, digest, atMs }) => {
    const role = APPROVER_ROLES.find((one) => one === has);
    return role === undefined ? [] : [{ who: tokenName(who), role, digest, atMs }];
  });
}

/** The waiver as gates name it: with whoever asked for it, and for whom. */
export function givenWaiver(row: WaiverRow): Waiver {
  const { gate, why, expiresAtMs, digest, who, onBehalfOf } = row;
  return { gate, why, expiresAtMs, digest, who: onBehalfOf === "" ? who : `${who}, on behalf of ${onBehalfOf}` };
}

const OWNER = principalName({ kind: "owner" });

/** `ada` for `token:ada`; a token that is called as the owner is does not pass for it. */
function tokenName(who: string): string {
  const name = who.replace(/^token:/, "");
  return name === OWNER ? who : name;
}
