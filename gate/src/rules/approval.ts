import { CANDIDATE } from "./case-facts.ts";
import { APPROVER_ROLES, type ApprovalFact, type ApproverRole } from "./gate-facts.ts";
import { finding, rule, statement } from "./rule.ts";

const APPROVAL: ApprovalFact = { who: "ada", role: "releaser", digest: CANDIDATE.digest, atMs: 1_795_000_000_000 };

/** Somebody of a role or of a higher one, or one named person, has to approve. */
type Approver = { readonly role: ApproverRole; readonly count: number } | { readonly who: string };

interface ApprovalOptions {
  readonly required: readonly Approver[];
}

const DEFAULTS: ApprovalOptions = { required: [{ role: "releaser", count: 1 }] };

/** In policies that were stored before roles were the farm's there are others, which nobody has. */
function hasRole(role: ApproverRole, least: ApproverRole): boolean {
  return APPROVER_ROLES.includes(least) && APPROVER_ROLES.indexOf(role) >= APPROVER_ROLES.indexOf(least);
}

/** M01: the named people and roles approved these very bytes. What was approved before a byte changed counts no more. */
export const approval = rule({
  id: "M01",
  name: "approval",
  needs: ["candidate", "approvals"],
  defaults: DEFAULTS,
  judge: ({ candidate, approvals }, { required }) => {
    if (required.length === 0) return finding("not-run", "no approver is named");
    const valid = approvals.filter(({ digest }) => digest === candidate.digest);
    const void_ = approvals.filter(({ digest }) => digest !== candidate.digest);
    const evidence = [
      ...valid.map(({ who, role }) => statement(`${who} (${role}) approved ${candidate.digest.slice(0, 12)}`)),
      ...void_.map(({ who, role, digest }) =>
        statement(`${who} (${role}) approved ${digest.slice(0, 12)}, another candidate`),
      ),
    ];
    const open = required.flatMap((one) => {
      if ("who" in one) return valid.some(({ who }) => who === one.who) ? [] : [one.who];
      // One person is one approval, however often it is given.
      const people = new Set(valid.filter(({ role }) => hasRole(role, one.role)).map(({ who }) => who));
      return people.size >= one.count ? [] : [`${one.count - people.size} more ${one.role}`];
    });
    if (open.length === 0)
      return finding("pass", `approved by ${[...new Set(valid.map(({ who }) => who))].join(", ")}`, evidence);
    const waits = `not approved by ${open.join(", ")}`;
    return void_.length > 0
      ? finding("fail", `${waits}; ${void_.length} approvals are of other bytes and are void`, evidence)
      : finding("inconclusive", waits, evidence);
  },
  cases: {
    pass: { facts: { candidate: CANDIDATE, approvals: [APPROVAL] }, options: DEFAULTS },
    fail: { facts: { candidate: CANDIDATE, approvals: [{ ...APPROVAL, digest: "d".repeat(64) }] }, options: DEFAULTS },
    cannotTell: { facts: { candidate: CANDIDATE, approvals: [] }, options: DEFAULTS },
  },
});
