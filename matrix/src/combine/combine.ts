import type { Condition, ExcludeEntry, IncludeEntry } from "../spec/spec.ts";
import { holds, type AxisValues } from "./condition.ts";
import {
  entrySets,
  intersect,
  lowestIn,
  numbersIn,
  type EntrySet,
  type EntrySets,
  type ProductAxis,
} from "./entry-sets.ts";

/** One combination of a matrix, whether it is run or left out. */
export interface Combination {
  readonly values: AxisValues;
  /** The first `exclude` that matches it, or null. */
  readonly excludedBy: ExcludeEntry | null;
  /** The product as it is; the same with what an `include` adds to it; or a combination that an `include` makes. */
  readonly from: "product" | "extended" | "include";
}

export interface Combinable {
  /** With different names and values. The caller bounds their product. */
  readonly axes: readonly ProductAxis[];
  readonly include: readonly IncludeEntry[];
  readonly exclude: readonly ExcludeEntry[];
}

/**
 * Every combination of the axes, the first axis slowest, then what `include` makes
 * in its order, by the rules of GitHub Actions ("Running variations of jobs in a
 * workflow"):
 *
 * - an `exclude` leaves out every combination of the product that has all its
 *   values; it is judged before any `include`;
 * - an `include` is added to every combination of the product that is left and
 *   whose values it does not overwrite; values that an earlier `include` added
 *   it does overwrite;
 * - an `include` that is added to none makes a combination of its own, to which
 *   no later one is added.
 *
 * Beyond GitHub: a `when` narrows what an entry matches, and an `include` with
 * one makes no combination. An `include` that makes a combination which was
 * excluded takes its place; where two make the same, it is there twice.
 */
export function combine({ axes, include, exclude }: Combinable): readonly Combination[] {
  const own = new Set(axes.map(({ name }) => name));
  // A combination of the product has no other axes, so an exclude that asks for one matches none.
  const askable = ({ values, when }: ExcludeEntry): boolean => {
    return Object.keys({ ...values, ...when }).every((axis) => own.has(axis));
  };
  const walk = new ProductWalk(
    axes,
    entrySets(axes, exclude, askable),
    entrySets(axes, include, () => true),
  );
  const extending = include.map((entry) => extensionOf(entry, own));
  const added = new Set<number>();
  const combinations: Combination[] = [];
  // The matrix of no axes is empty; its product would be one combination of nothing.
  if (axes.length > 0) {
    walk.each((values, excluding, including) => {
      const excludedBy = excluding === null ? null : (exclude[lowestIn(excluding)] ?? null);
      if (excludedBy !== null || including === null) combinations.push({ values, excludedBy, from: "product" });
      else combinations.push(extend(values, numbersIn(including), extending, added));
    });
  }
  for (const [at, { values, when }] of include.entries()) {
    if (when !== null || added.has(at)) continue;
    const made: Combination = { values, excludedBy: null, from: "include" };
    const same = placeInProduct(values, axes);
    if (same !== null && combinations[same]?.excludedBy) combinations[same] = made;
    else combinations.push(made);
  }
  return combinations;
}

/** What an include adds to combinations of the product that it matches. */
interface Extension {
  readonly values: readonly (readonly [axis: string, value: string])[];
  /** The tests of its `when` on keys that only includes add. */
  readonly when: Condition | null;
}

function extensionOf({ values, when }: IncludeEntry, own: ReadonlySet<string>): Extension {
  const tests = Object.entries(when ?? {}).filter(([axis]) => !own.has(axis));
  return {
    values: Object.entries(values).filter(([axis]) => !own.has(axis)),
    when: tests.length === 0 ? null : Object.fromEntries(tests),
  };
}

/** Entries in their order, each on what the ones before it left. */
function extend(
  original: AxisValues,
  matching: readonly number[],
  extending: readonly Extension[],
  added: Set<number>,
): Combination {
  let values: Record<string, string> | null = null;
  for (const at of matching) {
    const extension = extending[at];
    if (!extension || !holds(extension.when, values ?? original)) continue;
    added.add(at);
    for (const [axis, value] of extension.values) (values ??= { ...original })[axis] = value;
  }
  return { values: values ?? original, excludedBy: null, from: values === null ? "product" : "extended" };
}

/** Where in the product a combination with exactly these values stands; null when it is none of it. */
function placeInProduct(values: AxisValues, axes: readonly ProductAxis[]): number | null {
  if (Object.keys(values).length !== axes.length) return null;
  let place = 0;
  for (const axis of axes) {
    const at = axis.values.indexOf(values[axis.name] ?? "");
    if (at < 0) return null;
    place = place * axis.values.length + at;
  }
  return place;
}

type Visit = (values: AxisValues, excluding: EntrySet | null, including: EntrySet | null) => void;

/** Visits the product depth first, with the entries that each combination matches; null for none. */
class ProductWalk {
  readonly #axes: readonly ProductAxis[];
  readonly #exclude: EntrySets;
  readonly #include: EntrySets;
  /** Of the prefix that ends at each axis. Rewritten at every step. */
  readonly #excluding: readonly EntrySet[];
  readonly #including: readonly EntrySet[];
  readonly #chosen: string[];

  constructor(axes: readonly ProductAxis[], exclude: EntrySets, include: EntrySets) {
    this.#axes = axes;
    this.#exclude = exclude;
    this.#include = include;
    this.#excluding = axes.map(() => new Uint32Array(exclude.words));
    this.#including = axes.map(() => new Uint32Array(include.words));
    this.#chosen = axes.map(() => "");
  }

  each(visit: Visit): void {
    this.#from(0, this.#exclude.all, this.#include.all, visit);
  }

  #from(depth: number, excluding: EntrySet, including: EntrySet, visit: Visit): void {
    const last = depth === this.#axes.length - 1;
    const [excluded, included] = [this.#excluding[depth], this.#including[depth]];
    if (!excluded || !included) return;
    for (const [at, value] of (this.#axes[depth]?.values ?? []).entries()) {
      this.#chosen[depth] = value;
      const excludes = intersect(excluded, excluding, this.#exclude.byValue[depth]?.[at] ?? excluding);
      const includes = intersect(included, including, this.#include.byValue[depth]?.[at] ?? including);
      if (last) visit(this.#values(), excludes ? excluded : null, includes ? included : null);
      else this.#from(depth + 1, excluded, included, visit);
    }
  }

  #values(): AxisValues {
    const values: Record<string, string> = {};
    for (let depth = 0; depth < this.#axes.length; depth += 1) {
      values[this.#axes[depth]?.name ?? ""] = this.#chosen[depth] ?? "";
    }
    return values;
  }
}
