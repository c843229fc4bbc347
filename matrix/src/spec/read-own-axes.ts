import { readAxisName } from "./axis-names.ts";
import { readAxisValue, shapeOf } from "./axis-value.ts";
import { readList, wrongType, type Field } from "./fields.ts";
import type { ProblemList } from "./problem-list.ts";
import { shorten } from "./quote.ts";
import { SPEC_LIMITS } from "./spec-limits.ts";
import type { OwnAxis } from "./spec.ts";

const SHAPE = "{backend: [eager, compiled]}";

/** The user's own axes, in the order of their names. */
export function readOwnAxes(field: Field | undefined, problems: ProblemList): readonly OwnAxis[] {
  if (!field || field.value.type === "null") return [];
  const { value, path } = field;
  if (value.type !== "map") {
    wrongType(value, path, `a mapping of names to lists: ${SHAPE}`, problems);
    return [];
  }
  const axes: OwnAxis[] = [];
  for (const { key: name, keyAt, value: list } of value.entries) {
    const axisPath = `${path}.${shorten(name)}`;
    if (!readAxisName(name, keyAt, axisPath, "it directly under matrix: ", problems)) continue;
    if (list.type !== "list") {
      const isScalar = list.type === "string" || list.type === "number" || list.type === "boolean";
      wrongType(
        list,
        axisPath,
        `a list: ${isScalar && list.text.length <= 60 ? `[${list.text}]` : shapeOf(name)}`,
        problems,
      );
      continue;
    }
    if (list.items.length === 0) {
      problems.add(list.at, axisPath, `${axisPath} is an empty list`, `write ${shapeOf(name)}`);
    }
    const rules = { shape: shapeOf(name), itemsMax: SPEC_LIMITS.axisValuesMax, booleans: true };
    const values = readList(
      { path: axisPath, keyAt, value: list },
      rules,
      (text, at, itemPath) => readAxisValue(name, text, at, itemPath, problems),
      problems,
    );
    axes.push({ name, values });
  }
  return axes.toSorted((a, b) => (a.name < b.name ? -1 : 1));
}
