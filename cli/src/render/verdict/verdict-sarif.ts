import type { EvidenceView, GateView, VerdictView } from "@kiln/proto";
import { evidenceText } from "./evidence-text.ts";

const EVIDENCE_SHOWN = 20;
const SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/os/schemas/sarif-schema-2.1.0.json";

/**
 * A verdict as SARIF 2.1.0 (OASIS): a rule and a result for each gate. A result
 * that is no failure has the level `none`, as section 3.27.10 asks; a waived one
 * stays a finding, with its suppression.
 */
export function verdictSarif(view: VerdictView, version: string): string {
  const { gates, run, verdict, reason, candidate, judgedAtMs } = view;
  const log = {
    $schema: SCHEMA,
    version: "2.1.0",
    runs: [
      {
        tool: {
          driver: {
            name: "Kiln",
            version,
            rules: gates.map(({ id, name }) => ({ id, name, shortDescription: { text: name } })),
          },
        },
        invocations: [{ executionSuccessful: true, endTimeUtc: new Date(judgedAtMs).toISOString() }],
        automationDetails: { id: `kiln/${run}` },
        columnKind: "utf16CodeUnits",
        results: gates.map((gate, index) => resultOf(gate, index)),
        properties: { verdict, reason, candidate: candidate.digest ?? "" },
      },
    ],
  };
  return `${JSON.stringify(log, null, 2)}\n`;
}

function resultOf(gate: GateView, ruleIndex: number): object {
  const { id, name, outcome, reason, evidence, evidenceOmitted } = gate;
  const shown = evidence.slice(0, EVIDENCE_SHOWN).map(evidenceText);
  const more = evidence.length - shown.length + evidenceOmitted;
  const lines = [`${name}: ${reason}`, ...shown, ...(more > 0 ? [`and ${more} more`] : [])];
  const locations = evidence.slice(0, EVIDENCE_SHOWN).flatMap(locationOf);
  return {
    ruleId: id,
    ruleIndex,
    ...KINDS[outcome],
    message: { text: lines.join("\n") },
    ...(locations.length === 0 ? {} : { locations }),
    ...(outcome === "waived" ? { suppressions: [{ kind: "external", justification: reason }] } : {}),
    properties: { outcome },
  };
}

/** Section 3.27.9: `open` is what could not be decided for want of information. */
const KINDS: Readonly<Record<GateView["outcome"], { readonly kind: string; readonly level: string }>> = {
  pass: { kind: "pass", level: "none" },
  fail: { kind: "fail", level: "error" },
  waived: { kind: "fail", level: "note" },
  invalid: { kind: "open", level: "none" },
  inconclusive: { kind: "open", level: "none" },
  "not-run": { kind: "open", level: "none" },
};

function locationOf(evidence: EvidenceView): readonly object[] {
  if (evidence.kind === "job") return [{ logicalLocations: [{ name: evidence.job, kind: "member" }] }];
  if (evidence.kind !== "file" && evidence.kind !== "artifact") return [];
  if (evidence.file === "") return [];
  const uri = evidence.file.split("/").map(encodeURIComponent).join("/");
  const inSource = evidence.kind === "file" ? { uriBaseId: "%SRCROOT%" } : {};
  const region = evidence.kind === "file" && evidence.line !== null ? { region: { startLine: evidence.line } } : {};
  return [{ physicalLocation: { artifactLocation: { uri, ...inSource }, ...region } }];
}
