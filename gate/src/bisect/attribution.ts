/** What was found in one cell. */
export interface CellFinding {
  /** `{python: "3.13", cuda: "12.1"}`. */
  readonly axes: Readonly<Record<string, string>>;
  /** Whether the benchmark is slower there; "unknown": it was not measured, or could not be told. */
  readonly says: "slow" | "fast" | "unknown";
}

/** How a slowdown lies along one axis of the matrix. */
export interface AxisAttribution {
  readonly axis: string;
  /** Values all of whose cells that could be told are slow, those where none is, and those with both. */
  readonly slow: readonly string[];
  readonly fast: readonly string[];
  readonly mixed: readonly string[];
  /**
   * Pairs of cells that differ in this axis alone, of which one is slow and the
   * other is not: there it is this axis, and nothing else, that makes the
   * difference. Each as `[value where slow, value where fast]`, once.
   */
  readonly switches: readonly (readonly [slow: string, fast: string])[];
  /** Whether the axis by itself tells slow cells from fast ones: there are both, and no value has both. */
  readonly explains: boolean;
}

/**
 * Along which axes a slowdown lies: for every axis with two or more values whose
 * cells could be told, in the order of the first cell's axes. Cells that could
 * not be told count for nothing. O(cells² × axes).
 */
export function attribute(findings: readonly CellFinding[]): readonly AxisAttribution[] {
  const told = findings.filter(({ says }) => says !== "unknown");
  const axes = [...new Set(told.flatMap((cell) => Object.keys(cell.axes)))];
  return axes.map((axis) => attributionOf(axis, told)).filter((one) => valuesOf(one).length > 1);
}

function valuesOf({ slow, fast, mixed }: AxisAttribution): readonly string[] {
  return [...slow, ...fast, ...mixed];
}

function attributionOf(axis: string, told: readonly CellFinding[]): AxisAttribution {
  const values = [...new Set(told.flatMap(({ axes }) => axes[axis] ?? []))];
  const saysOf = (value: string): ReadonlySet<string> =>
    new Set(told.filter(({ axes }) => axes[axis] === value).map(({ says }) => says));
  const whose = (wanted: string): readonly string[] =>
    values.filter((value) => {
      const says = saysOf(value);
      return says.size === 1 ? says.has(wanted) : wanted === "mixed";
    });
  const [slow, fast, mixed] = [whose("slow"), whose("fast"), whose("mixed")];
  return {
    ...{ axis, slow, fast, mixed },
    switches: switchesOf(axis, told),
    explains: slow.length > 0 && fast.length > 0 && mixed.length === 0,
  };
}

function switchesOf(axis: string, told: readonly CellFinding[]): AxisAttribution["switches"] {
  const byRest = new Map<string, { readonly slow: Set<string>; readonly fast: Set<string> }>();
  for (const { axes, says } of told) {
    const value = axes[axis];
    if (value === undefined || says === "unknown") continue;
    const rest = JSON.stringify(
      Object.entries(axes)
        .filter(([name]) => name !== axis)
        .toSorted(([a], [b]) => (a < b ? -1 : 1)),
    );
    const both = byRest.get(rest) ?? { slow: new Set<string>(), fast: new Set<string>() };
    byRest.set(rest, both);
    both[says].add(value);
  }
  const found = [...byRest.values()].flatMap(({ slow, fast }) =>
    [...slow].flatMap((one) => [...fast].filter((other) => other !== one).map((other) => [one, other] as const)),
  );
  return [...new Map(found.map((one) => [JSON.stringify(one), one])).values()];
}
