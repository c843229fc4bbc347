import type { WheelReport } from "./report.ts";

/** One file of a wheel. */
export interface MemberFact {
  /** Inside the wheel. */
  readonly path: string;
  /** Of its content, hexadecimal; of a RECORD its lines in order of their text. */
  readonly sha256: string;
}

export interface WheelFacts {
  readonly filename: string;
  /** Of the whole file. */
  readonly sha256: string;
  /** In the archive's order. */
  readonly members: readonly MemberFact[];
}

export interface Comparison {
  readonly reproducibility: NonNullable<WheelReport["reproducibility"]>;
  /** How they differ, in a sentence; null when they do not. */
  readonly remark: string | null;
}

const NAMED_MAX = 5;

/** Compares what two builds of the same source made. */
export function compareWheels(first: WheelFacts, second: WheelFacts): Comparison {
  if (first.filename !== second.filename) {
    const remark = `a second build made another file: ${second.filename} and not ${first.filename}`;
    return { reproducibility: "different", remark };
  }
  if (first.sha256 === second.sha256) return { reproducibility: "same-bytes", remark: null };
  const differing = differences(first.members, second.members);
  if (differing.length === 0) {
    const remark = "a second build made the same files, packed in another order, with other times or in another way";
    return { reproducibility: "same-content", remark };
  }
  return { reproducibility: "different", remark: `a second build differs in ${named(differing)}` };
}

/** Paths whose content differs, or which only one has. RECORD follows from the others: it is named only alone. */
function differences(first: readonly MemberFact[], second: readonly MemberFact[]): readonly string[] {
  const [before, after] = [first, second].map((members) => new Map(members.map((one) => [one.path, one.sha256])));
  const paths = [...new Set([...first, ...second].map(({ path }) => path))].sort();
  const differing = paths.flatMap((path) => {
    const [left, right] = [before?.get(path), after?.get(path)];
    if (left === right) return [];
    if (left === undefined) return [`${path} (only the second has it)`];
    return right === undefined ? [`${path} (only the first has it)`] : [path];
  });
  const real = differing.filter((text) => !text.endsWith(".dist-info/RECORD"));
  return real.length > 0 ? real : differing;
}

function named(paths: readonly string[]): string {
  const more = paths.length - NAMED_MAX;
  return paths.slice(0, NAMED_MAX).join(", ") + (more > 0 ? ` and ${more} more` : "");
}
