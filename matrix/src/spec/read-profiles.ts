import { suggestWord } from "./did-you-mean.ts";
import { readList, readSection, wrongType, type Field } from "./fields.ts";
import type { ProblemList } from "./problem-list.ts";
import { quote } from "./quote.ts";
import { RELEASE_TYPES, type Profile, type Reduction, type ReleaseType } from "./spec.ts";
import type { Place } from "./yaml-value.ts";

const JOBS = ["check", "scan", "bench", "profile"] as const;

const REDUCTIONS: Readonly<Record<string, Reduction>> = {
  full: { kind: "full" },
  pairwise: { kind: "t-wise", strength: 2 },
  "3-wise": { kind: "t-wise", strength: 3 },
  touchstone: { kind: "touchstone" },
};

const DEFAULT_PROFILE: Profile = { reduce: { kind: "full" }, jobs: JOBS, gates: null };

/** What each type of release has to pass; a type that the file does not name has to pass everything. */
export function readProfiles(field: Field | undefined, problems: ProblemList): Readonly<Record<ReleaseType, Profile>> {
  const fields = readSection("profiles", field?.value, problems);
  const profile = (type: ReleaseType): Profile => readProfile(fields[type], problems);
  const [patch, minor, major, hotfix] = RELEASE_TYPES.map(profile) as [Profile, Profile, Profile, Profile];
  return { patch, minor, major, hotfix };
}

function readProfile(field: Field | undefined, problems: ProblemList): Profile {
  const { reduce, jobs, gates } = readSection("profiles.*", field?.value, problems, field?.path);
  return {
    reduce: reduce ? readReduction(reduce, problems) : DEFAULT_PROFILE.reduce,
    jobs: jobs ? readJobs(jobs, problems) : DEFAULT_PROFILE.jobs,
    gates: gates?.value ?? null,
  };
}

function readReduction(field: Field, problems: ProblemList): Reduction {
  const { value, path } = field;
  const text = value.type === "string" ? value.text : "";
  const reduction = Object.hasOwn(REDUCTIONS, text) ? REDUCTIONS[text] : undefined;
  if (reduction) return reduction;
  if (text === "") wrongType(value, path, Object.keys(REDUCTIONS).join(", "), problems);
  else {
    const same = /^(2-?wise|pair-?wise|all-?pairs|pairs)$/i.test(text) ? "write pairwise" : null;
    const suggestion = same ?? suggestWord(text, Object.keys(REDUCTIONS));
    problems.add(value.at, path, `${path} cannot be ${quote(text)}`, suggestion);
  }
  return DEFAULT_PROFILE.reduce;
}

function readJobs(field: Field, problems: ProblemList): Profile["jobs"] {
  const readJob = (text: string, at: Place, path: string): string | null => {
    if ((JOBS as readonly string[]).includes(text)) return text;
    const always = text === "build" || text === "test";
    const suggestion = always ? "leave it out: builds and tests are always planned" : suggestWord(text, JOBS);
    problems.add(at, path, `${path} cannot be ${quote(text)}`, suggestion);
    return null;
  };
  if (field.value.type === "null")
    wrongType(field.value, field.path, `[${JOBS.join(", ")}], or fewer, or []`, problems);
  const named = readList(field, { shape: `[${JOBS.join(", ")}]` }, readJob, problems);
  return JOBS.filter((job) => named.includes(job));
}
