import { APPROVER_ROLES, SEVERITIES } from "../rules/gate-facts.ts";
import type { CATALOGUE, GateId, GateOptions } from "../rules/catalogue.ts";
import {
  bytes,
  choice,
  count,
  day,
  duration,
  fields,
  flag,
  list,
  mapped,
  quantity,
  share,
  text,
} from "./option-reader.ts";
import type { OptionReader } from "./option-reader.ts";
import type { FactSources, ScanDatabase } from "./release-policy.ts";
import type { VersionPlaceSource } from "../sources/version-place.ts";

/** An option as it is written, and how it is read. */
type Written<T> = readonly [name: string, reader: OptionReader<T>];

/** What may stand under a gate in `gates:`. */
interface GateSection<O> {
  /** Options of the rule. */
  readonly options: { readonly [K in keyof O]?: Written<O[K]> };
  /** Where its facts come from. */
  readonly sources: { readonly [K in keyof FactSources]?: Written<NonNullable<FactSources[K]>> };
}

type Options = { readonly [I in keyof typeof CATALOGUE]: GateSection<GateOptions<I>> };

const isPath = (path: string): boolean =>
  !path.startsWith("/") && !/^[A-Za-z]:|\\/u.test(path) && !path.split("/").includes("..");
const path = (example: string): OptionReader<string> =>
  text(`a path in the source: ${example}`, isPath, "which does not stay in the source");
const NAME = /^[a-z0-9][a-z0-9-]*$/u;
const command = (example: string): OptionReader<string> =>
  text(example, (name) => NAME.test(name), "which is no name of a command in checks: or scans:");

const PLACE = "{file: pyproject.toml, toml: project.version}";
const key = (example: string): OptionReader<string> => text(example);

const versionPlace = mapped(
  fields(
    {
      file: path("pyproject.toml"),
      toml: key("project.version"),
      yaml: key("version"),
      python: text("__version__", (name) => /^\w+$/u.test(name), "which is no name in Python"),
      text: text('release = "{version}"'),
    },
    ["file"],
    PLACE,
  ),
  ({ file = "", toml, yaml, python, text: around }): VersionPlaceSource | string => {
    const ways = [toml, yaml, python, around].filter((way) => way !== undefined);
    if (ways.length !== 1) return `has ${ways.length === 0 ? "none" : "several"} of toml, yaml, python and text`;
    if (toml !== undefined) return { file, kind: "toml", key: toml };
    if (yaml !== undefined) return { file, kind: "yaml", key: yaml };
    if (python !== undefined) return { file, kind: "python", name: python };
    const [before = "", after = "", ...more] = around?.split("{version}") ?? [];
    if (around?.includes("{version}") !== true || before === "" || more.length > 0)
      return "has a text without one {version} after something that is always there";
    return { file, kind: "text", before, after };
  },
);

const DATABASE = "live, or {file: trivy-version.json, key: VulnerabilityDB.UpdatedAt}";
const databaseFile = fields(
  {
    file: text("trivy-version.json", (name) => /^[\w.+-]+$/u.test(name), "which is no name of a file"),
    key: key("VulnerabilityDB.UpdatedAt"),
  },
  ["file", "key"],
  DATABASE,
);
const database: OptionReader<ScanDatabase> = {
  shape: DATABASE,
  read: (node, at, problems) => {
    if (node.type === "string" && node.text === "live") return { kind: "live" };
    const { file, key: member } = databaseFile.read(node, at, problems) ?? {};
    return file === undefined || member === undefined ? null : { kind: "file", file, key: member };
  },
};

const FINDING_WAIVER = "{id: CVE-2026-1234, who: ada, reason: not reachable, expires: 2026-12-31}";
const findingWaiver = mapped(
  fields(
    { id: text("CVE-2026-1234"), who: text("ada"), reason: text("why"), expires: day },
    ["id", "who", "reason", "expires"],
    FINDING_WAIVER,
  ),
  ({ id = "", who = "", reason = "", expires = 0 }) => ({ id, who, why: reason, expiresAtMs: expires }),
);

const BUDGET = "{what: train-step:peak-memory, at-most: 8 GB}";
const budget = mapped(
  fields({ what: text("train-step:peak-memory"), "at-most": quantity, "at-least": quantity }, ["what"], BUDGET),
  ({ what = "", "at-most": most, "at-least": least }) => {
    const limit = most ?? least;
    if (!limit || (most && least)) return "has not one of at-most and at-least";
    return { what, limit: most ? ("at-most" as const) : ("at-least" as const), value: limit.value, unit: limit.unit };
  },
);

const APPROVER = "{role: releaser, count: 2}, or {who: ada}";
const approver = mapped(
  fields({ role: choice(APPROVER_ROLES), count: count("2"), who: text("ada") }, [], APPROVER),
  ({ role, count: needed, who }) => {
    if ((role === undefined) === (who === undefined)) return "has not one of role and who";
    if (who !== undefined) return needed === undefined ? { who } : "has a count of one person";
    return { role: role ?? "releaser", count: needed ?? 1 };
  },
);

const names = (example: string): OptionReader<readonly string[]> => list(text(example), `[${example}]`);

/** What kiln.yaml can say of each gate. */
export const GATE_SECTIONS: Options = {
  G01: { options: {}, sources: { versionPlaces: ["places", list(versionPlace, `[${PLACE}]`)] } },
  G02: { options: {}, sources: { lastRelease: ["last-release", text("a version: 1.3.2")] } },
  G05: { options: {}, sources: { changelog: ["file", path("CHANGELOG.md")] } },
  G09: { options: {}, sources: { readmeScan: ["rendered-by", command("metadata, the scan that runs `twine check`")] } },
  G10: {
    options: {
      topLevels: ["top-levels", names("demo")],
      extensions: ["extensions", names("demo/_C")],
      rebuild: ["rebuild", choice(["where-known", "required"])],
    },
    sources: {},
  },
  G11: { options: { allowedLibraries: ["allowed-libraries", names("libcudart.so.12")] }, sources: {} },
  G12: { options: {}, sources: {} },
  G13: { options: {}, sources: {} },
  G14: {
    options: { executedMin: ["executed-min", count("100")], skipShareMax: ["skip-share-max", share] },
    sources: {},
  },
  G16: { options: { shareMin: ["share-min", share] }, sources: {} },
  G17: { options: {}, sources: {} },
  G20: {
    options: {
      severityMin: ["severity-min", choice(SEVERITIES)],
      databaseAgeMaxMs: ["database-age-max", duration],
      waivers: ["waivers", list(findingWaiver, `[${FINDING_WAIVER}]`)],
    },
    sources: { scans: ["scans", list(command("trivy"), "[trivy]")], database: ["database", database] },
  },
  G21: { options: { expected: ["expected", names("demo-*.whl")], inWheels: ["in-wheels", flag] }, sources: {} },
  G22: { options: { firstReleaseWithout: ["first-release-without", flag] }, sources: {} },
  G23: { options: { budgets: ["budgets", list(budget, `[${BUDGET}]`)] }, sources: {} },
  G24: { options: {}, sources: {} },
  G25: { options: { durationMs: ["duration", duration], growthMaxBytes: ["growth-max", bytes] }, sources: {} },
  G27: { options: {}, sources: { examples: ["jobs", list(command("examples"), "[examples]")] } },
  M01: { options: { required: ["required", list(approver, `[${APPROVER}]`)] }, sources: {} },
};

/** Gates of the catalogue that no rule judges yet, by number. */
export const UNJUDGED_GATES: Readonly<Record<string, string>> = {
  G03: "bump-policy",
  G04: "ref-hygiene",
  G06: "notes-sections",
  G07: "migration-guide",
  G08: "deprecate-before-remove",
  G15: "integration",
  G18: "lint-types",
  G19: "dependency-review",
  G26: "docs-build-links",
  G28: "open-blockers",
  G29: "commit-status",
  G30: "hotfix-lineage",
  G31: "minimum-testing-period",
  M02: "post-release-watch",
};

/** The options of a gate's section, as they are written. */
export function writtenOptions(id: GateId): readonly string[] {
  const { options, sources } = GATE_SECTIONS[id];
  const written = [options, sources].flatMap((table) => Object.values<Written<unknown>>(table));
  return written.map(([name]) => name);
}
