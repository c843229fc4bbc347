import { utf8Length } from "../log-text.ts";
import type { WheelReport } from "../report.ts";

/** Of all texts of a report, in UTF-8. */
const TEXT_BYTES_MAX = 48 * 1024;
const ENTRIES_MAX = 150;
const ENTRY_CHARS_MAX = 1_000;

/** A report that fits into a frame: of long lists the first entries, with a remark on what was left out. */
export function boundedReport(report: WheelReport): WheelReport {
  const cuts: string[] = [];
  // The remarks come first: what is wrong is what a person looks for.
  let left = TEXT_BYTES_MAX - 2_048;
  const bounded = <T>(list: readonly T[], what: string, sizeOf: (entry: T) => number): T[] => {
    const kept: T[] = [];
    for (const entry of list.slice(0, ENTRIES_MAX)) {
      const size = sizeOf(entry);
      if (size > left) break;
      left -= size;
      kept.push(entry);
    }
    if (kept.length < list.length) cuts.push(`${list.length - kept.length} more ${what} are not listed`);
    return kept;
  };
  const texts = (list: readonly string[], what: string): string[] => bounded(list.map(cut), what, utf8Length);
  const members = (list: WheelReport["extensions"], what: string): WheelReport["extensions"] =>
    bounded(
      list.map(({ path, sizeBytes }) => ({ path: cut(path), sizeBytes })),
      what,
      ({ path }) => utf8Length(path) + 8,
    );
  const remarks = texts(report.remarks, "remarks");
  return {
    ...report,
    tags: texts(report.tags, "tags"),
    smArchitectures: texts(report.smArchitectures, "SM architectures"),
    ptxArchitectures: texts(report.ptxArchitectures, "SM architectures of PTX"),
    extensions: members(report.extensions, "extension modules"),
    grafted: members(report.grafted, "grafted libraries"),
    external: texts(report.external, "external libraries"),
    foreignRpaths: texts(report.foreignRpaths, "foreign RPATH entries"),
    remarks: [...remarks, ...cuts],
  };
}

function cut(text: string): string {
  return text.length <= ENTRY_CHARS_MAX ? text : `${text.slice(0, ENTRY_CHARS_MAX).toWellFormed()}…`;
}
