import type { GateView, VerdictView } from "@kiln/proto";
import { evidenceText } from "./evidence-text.ts";

/**
 * A verdict as a JUnit file: a test case for each gate. A gate that cannot be
 * judged is an error, one that is waived is skipped: neither is counted as
 * passed by whoever reads it.
 */
export function verdictJunit(view: VerdictView): string {
  const { gates, run, candidate, judgedAtMs } = view;
  const many = (...outcomes: readonly GateView["outcome"][]): number =>
    gates.filter(({ outcome }) => outcomes.includes(outcome)).length;
  const attributes = [
    ["name", `${candidate.name} ${candidate.version ?? ""} (${run})`],
    ["tests", String(gates.length)],
    ["failures", String(many("fail"))],
    ["errors", String(many("invalid", "inconclusive", "not-run"))],
    ["skipped", String(many("waived"))],
    ["time", "0"],
    ["timestamp", new Date(judgedAtMs).toISOString().slice(0, 19)],
  ] as const;
  const cases = gates.map(testCase);
  return `<?xml version="1.0" encoding="UTF-8"?>\n<testsuites>\n<testsuite${attributesText(attributes)}>\n${cases.join("")}</testsuite>\n</testsuites>\n`;
}

const ELEMENTS: Readonly<Record<GateView["outcome"], string>> = {
  pass: "",
  waived: "skipped",
  fail: "failure",
  invalid: "error",
  inconclusive: "error",
  "not-run": "error",
};

function testCase(gate: GateView): string {
  const attributes = [
    ["classname", "kiln.gates"],
    ["name", `${gate.id} ${gate.name}`],
    ["time", "0"],
  ] as const;
  const element = ELEMENTS[gate.outcome];
  if (element === "") return `<testcase${attributesText(attributes)}/>\n`;
  const told = attributesText([
    ["message", gate.reason],
    ...(element === "skipped" ? [] : [["type", gate.outcome] as const]),
  ]);
  const lines = gate.evidence.map(evidenceText);
  if (gate.evidenceOmitted > 0) lines.push(`and ${gate.evidenceOmitted} more`);
  const body = element === "skipped" ? "" : xml(lines.join("\n"));
  return `<testcase${attributesText(attributes)}><${element}${told}>${body}</${element}></testcase>\n`;
}

function attributesText(attributes: readonly (readonly [name: string, value: string])[]): string {
  return attributes.map(([name, value]) => ` ${name}="${xml(value).replaceAll("\n", "&#10;")}"`).join("");
}

/** What XML 1.0 cannot hold is replaced. */
function xml(text: string): string {
  return text
    .replace(/[^\t\n\r\u0020-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/gu, "\uFFFD")
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;");
}
