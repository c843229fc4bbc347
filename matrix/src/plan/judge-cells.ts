import { matches } from "../combine/condition.ts";
import type { Answer, Rule } from "../knowledge/rule.ts";
import type { OverrideEntry } from "../spec/spec.ts";
import type { CellTable } from "./cell-table.ts";
import { excludeReason, NOT_SUPPORTED } from "./own-rules.ts";
import { perProjection } from "./per-projection.ts";
import type { PlanContext } from "./plan-inputs.ts";
import type { PlannedCell, Reason } from "./plan.ts";

/** What became of a cell before any reduction. */
export type Verdict =
  | {
      readonly possible: true;
      readonly unknown: PlannedCell["unknown"];
      readonly overridden: PlannedCell["overridden"];
    }
  | { readonly possible: false; readonly why: Reason };

/** Cells of which nothing more is to be said share this one. */
const POSSIBLE: Verdict = { possible: true, unknown: [], overridden: [] };

/** Asks every rule about every cell: the first that says impossible, or is unknown where that excludes, decides. */
export function judgeCells(
  table: CellTable,
  rules: readonly Rule[],
  overrides: readonly OverrideEntry[],
  context: PlanContext,
): readonly Verdict[] {
  const asked = rules.map((rule) => perProjection(table, rule.axes, (axes) => shared(rule.judge(axes))));
  const overriding = perProjection(table, overrides.flatMap(axesOfEntry), (axes) => {
    return overrides.filter((entry) => matches(entry, axes));
  });
  return table.names.map((_, row): Verdict => {
    const by = table.excludedBy[row];
    if (by) return { possible: false, why: excludeReason(by, context.places) };
    const setAside = overrides.length === 0 ? NONE : overriding(row);
    let unknown: Reason[] | null = null;
    let overridden: (Reason & { override: string })[] | null = null;
    for (let at = 0; at < asked.length; at += 1) {
      const said = asked[at]?.(row) ?? SILENT;
      if (said === SILENT) continue;
      const override = setAside.length === 0 ? undefined : overrideOf(setAside, said.why.rule, rules[at]?.name ?? "");
      if (override) (overridden ??= []).push({ ...said.why, override: override.reason });
      else if (said.impossible || context.spec.unknownCells === "exclude") return { possible: false, why: said.why };
      else (unknown ??= []).push(said.why);
    }
    return unknown || overridden ? { possible: true, unknown: unknown ?? [], overridden: overridden ?? [] } : POSSIBLE;
  });
}

/** Axes that an entry speaks of. */
export function axesOfEntry({ values, when }: Pick<OverrideEntry, "values" | "when">): readonly string[] {
  return [...Object.keys(values), ...Object.keys(when ?? {})];
}

const NONE: readonly OverrideEntry[] = [];

/** An answer that says something against a cell; one object for all cells that it speaks of. */
interface Said {
  readonly impossible: boolean;
  readonly why: Reason;
}

const SILENT: Said = { impossible: false, why: { rule: "", reason: "", source: "", asOf: "" } };

function shared(answer: Answer): Said {
  if (answer === null || answer.answer === "possible") return SILENT;
  const { rule, reason, source, asOf } = answer;
  return { impossible: answer.answer === "impossible", why: { rule, reason, source, asOf } };
}

function overrideOf(overrides: readonly OverrideEntry[], ...names: readonly string[]): OverrideEntry | undefined {
  if (names.includes(NOT_SUPPORTED)) return undefined;
  return overrides.find(({ rules }) => rules.length === 0 || rules.some((rule) => names.includes(rule)));
}
