import { count } from "../text/count.ts";
import type { Evidence } from "../verdict.ts";
import { WHEEL } from "./case-facts.ts";
import type { AuditFact } from "./gate-facts.ts";
import { decide, rule } from "./rule.ts";

const AUDIT: AuditFact = {
  ...WHEEL,
  promisedPolicy: "manylinux_2_28_x86_64",
  keepsPolicy: true,
  externalLibraries: ["libcudart.so.12"],
  promisedSms: ["80", "90"],
  foundSms: ["80", "90"],
};

interface PlatformOptions {
  /** By file name, as another package or the driver brings them: `libcudart.so.12`, `libtorch_cpu.so`. */
  readonly allowedLibraries: readonly string[];
}

const DEFAULTS: PlatformOptions = { allowedLibraries: [] };

const OPTIONS: PlatformOptions = { allowedLibraries: ["libcudart.so.12"] };

/** G11: wheels keep the policy in their name (PEP 600), need only allowed libraries, and have the SM architectures promised. */
export const platformTag = rule({
  id: "G11",
  name: "platform-tag",
  needs: ["audits"],
  defaults: DEFAULTS,
  judge: ({ audits }, { allowedLibraries }) => {
    const problems: Evidence[] = [];
    const doubts: Evidence[] = [];
    for (const { file, sha256, promisedPolicy, keepsPolicy, externalLibraries, promisedSms, foundSms } of audits) {
      const about = (text: string) => ({ kind: "artifact" as const, file, sha256, text: `${file}: ${text}` });
      if (promisedPolicy !== null && keepsPolicy === false) problems.push(about(`does not keep ${promisedPolicy}`));
      if (promisedPolicy !== null && keepsPolicy === null) doubts.push(about(`was not audited for ${promisedPolicy}`));
      const foreign = externalLibraries.filter((library) => !allowedLibraries.includes(library));
      if (foreign.length > 0) problems.push(about(`needs ${foreign.join(", ")}, which nothing allowed brings`));
      if (promisedSms.length > 0 && foundSms === null) doubts.push(about("its SM architectures could not be read"));
      const absent = promisedSms.filter((sm) => foundSms !== null && !foundSms.includes(sm));
      if (absent.length > 0) problems.push(about(`has no machine code for SM ${absent.join(", ")}`));
    }
    if (audits.length === 0) doubts.push({ kind: "statement", text: "no wheel was audited" });
    return decide({ problems, doubts }, `what the names promise holds for ${count(audits.length, "wheel")}`);
  },
  cases: {
    pass: { facts: { audits: [AUDIT] }, options: OPTIONS },
    fail: { facts: { audits: [{ ...AUDIT, foundSms: ["80"] }] }, options: OPTIONS },
    cannotTell: { facts: { audits: [{ ...AUDIT, keepsPolicy: null }] }, options: OPTIONS },
  },
});
