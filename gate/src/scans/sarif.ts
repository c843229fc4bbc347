import type { ScanFinding, Severity } from "../rules/gate-facts.ts";
import { JsonPlace } from "../text/json-place.ts";
import { attempt, Refusal, type Read } from "../text/refusal.ts";

export interface SarifSource {
  /** For messages. */
  readonly file: string;
  readonly text: string;
}

interface SarifScan {
  /** Names of the tools, joined. */
  readonly tool: string;
  readonly findings: readonly ScanFinding[];
}

const TEXT_MAX = 64 * 1024 * 1024;
const FINDINGS_MAX = 100_000;

/** What SARIF's own levels count as where a rule has no score. */
const LEVELS: Readonly<Record<string, Severity>> = { error: "high", warning: "medium", note: "low", none: "low" };

/**
 * Reads SARIF 2.1.0 (OASIS): every result that is a finding, with the severity
 * of its rule's `security-severity` by the bands of CVSS 3.1, or else of its
 * level. A scan without findings is a result; one that did not run (no runs, no
 * `results`, an invocation that failed) is a problem. What the tool suppresses
 * is still a finding: waivers are the release's, with a name and an expiry.
 */
export function readSarif({ file, text }: SarifSource): Read<SarifScan> {
  return attempt(file, () => {
    if (text.length > TEXT_MAX)
      throw new Refusal("the file", `has ${text.length} characters; at most ${TEXT_MAX} are read`);
    if (text.trim() === "") throw new Refusal("the file", "is empty", "Did the scanner write it?");
    const root = JsonPlace.parse(text);
    const version = root.get("version");
    if (version.text() !== "2.1.0") version.refuse(`is "${version.text()}"; SARIF 2.1.0 is read`);
    const findings: ScanFinding[] = [];
    const tools: string[] = [];
    for (const run of root.get("runs").someItems()) {
      tools.push(run.get("tool").get("driver").get("name").name());
      findings.push(...findingsOf(run));
      if (findings.length > FINDINGS_MAX) throw new Refusal(run.place, `more than ${FINDINGS_MAX} findings`);
    }
    return { tool: tools.join(", "), findings };
  });
}

interface RuleFacts {
  readonly severity: Severity | undefined;
  readonly level: string | undefined;
}

function findingsOf(run: JsonPlace): readonly ScanFinding[] {
  for (const invocation of run.maybe("invocations")?.items() ?? []) {
    const ended = invocation.get("executionSuccessful");
    if (!ended.boolean())
      ended.refuse("the scan did not end well", "Run it again: what it did not look at is not known to be clean.");
  }
  const rules = rulesOf(run);
  return run
    .get("results")
    .items()
    .flatMap((result) => {
      const kind = result.maybe("kind")?.text() ?? "fail";
      if (kind === "pass" || kind === "notApplicable" || kind === "informational") return [];
      const id = (result.maybe("ruleId") ?? result.get("rule").get("id")).name();
      const rule = rules.get(id);
      const place = result.maybe("level");
      const level = place?.text() ?? rule?.level ?? "warning";
      const severity =
        rule?.severity ??
        new Map(Object.entries(LEVELS)).get(level) ??
        (place ?? result).refuse(`"${level}" is no level of SARIF`);
      const where = result
        .maybe("locations")
        ?.items()[0]
        ?.maybe("physicalLocation")
        ?.maybe("artifactLocation")
        ?.maybe("uri")
        ?.text();
      return [
        {
          id,
          severity,
          where: where ?? "an unnamed place",
          text: result.get("message").maybe("text")?.text() ?? "without a message",
        },
      ];
    });
}

/** Rules of the tool and of its extensions, by id. */
function rulesOf(run: JsonPlace): ReadonlyMap<string, RuleFacts> {
  const tool = run.get("tool");
  const components = [tool.get("driver"), ...(tool.maybe("extensions")?.items() ?? [])];
  const rules = new Map<string, RuleFacts>();
  for (const rule of components.flatMap((component) => component.maybe("rules")?.items() ?? [])) {
    const score = rule.maybe("properties")?.maybe("security-severity");
    const level = rule.maybe("defaultConfiguration")?.maybe("level")?.text();
    rules.set(rule.get("id").name(), { severity: score && severityOf(score), level });
  }
  return rules;
}

/** CVSS 3.1, "Qualitative Severity Rating Scale". A score of 0 is "none", which counts as low. */
function severityOf(place: JsonPlace): Severity {
  const text = place.scalar();
  const score = /^\d{1,2}(?:\.\d+)?$/u.test(text) ? Number(text) : Number.NaN;
  if (!(score >= 0 && score <= 10)) place.refuse(`is "${text}", not a score from 0.0 to 10.0`);
  if (score >= 9) return "critical";
  if (score >= 7) return "high";
  return score >= 4 ? "medium" : "low";
}
