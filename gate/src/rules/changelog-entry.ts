import { dayStartMs } from "../text/calendar-day.ts";
import { CANDIDATE } from "./case-facts.ts";
import { decide, finding, rule } from "./rule.ts";

interface Section {
  readonly line: number;
  readonly date: string | null;
  readonly filled: boolean;
}

/** G05: one section of the version, with a date and something in it, as keepachangelog.com 1.1.0 has them. */
export const changelogEntry = rule({
  id: "G05",
  name: "changelog-entry",
  needs: ["candidate", "changelog"],
  defaults: {},
  judge: ({ candidate, changelog }) => {
    if (changelog.text.trim() === "") return finding("inconclusive", `${changelog.file} is empty`);
    const { file } = changelog;
    const sections = sectionsOf(changelog.text, candidate.version);
    const [section, second] = sections;
    const at = (line: number | null, text: string) => ({ kind: "file" as const, file, line, text });
    const problems = [];
    if (!section) problems.push(at(null, `${file} has no section "## [${candidate.version}] - YYYY-MM-DD"`));
    if (second) problems.push(at(second.line, `${file} has ${sections.length} sections of ${candidate.version}`));
    if (section && section.date === null)
      problems.push(at(section.line, `the section of ${candidate.version} has no date`));
    if (section && section.date !== null && dayStartMs(section.date) === null)
      problems.push(at(section.line, `${section.date} is no date`));
    if (section && !section.filled) problems.push(at(section.line, `the section of ${candidate.version} is empty`));
    return decide(
      {
        problems,
        doubts: [],
        evidence: section ? [at(section.line, `${candidate.version} - ${section.date ?? ""}`)] : [],
      },
      `${file} describes ${candidate.version}`,
    );
  },
  cases: {
    pass: {
      facts: {
        candidate: CANDIDATE,
        changelog: { file: "CHANGELOG.md", text: "## [1.4.0] - 2026-11-20\n### Fixed\n- A leak.\n" },
      },
      options: {},
    },
    fail: {
      facts: { candidate: CANDIDATE, changelog: { file: "CHANGELOG.md", text: "## [Unreleased]\n- A leak.\n" } },
      options: {},
    },
    cannotTell: { facts: { candidate: CANDIDATE, changelog: { file: "CHANGELOG.md", text: "" } }, options: {} },
  },
});

function sectionsOf(text: string, version: string): readonly Section[] {
  const sections: (Section & { own: boolean })[] = [];
  for (const [i, line] of text.split(/\r?\n/u).entries()) {
    const heading = /^##\s+\[?(?<version>[^\]\s]+)\]?(?:\s*\([^)]*\))?(?:\s+[-–—]\s+(?<date>\S+))?/u.exec(line)?.groups;
    if (heading && !line.startsWith("###")) {
      const named = heading["version"]?.replace(/^v/u, "");
      sections.push({ line: i + 1, date: heading["date"] ?? null, filled: false, own: named === version });
      continue;
    }
    const last = sections.at(-1);
    // A heading, a rule or a link's target is no description.
    if (last && !/^(?:#|\s*$|---|\[[^\]]+\]:)/u.test(line)) sections[sections.length - 1] = { ...last, filled: true };
  }
  return sections.filter(({ own }) => own);
}
