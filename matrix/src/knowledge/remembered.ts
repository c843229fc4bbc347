import type { CellAxes } from "../plan/plan.ts";

/** The same function with its answers kept by the values of the axes that they depend on: for rules that read PEP 440 each time. */
export function remembered<T>(axes: readonly string[], judge: (cell: CellAxes) => T): (cell: CellAxes) => T {
  const answers = new Map<string, T>();
  return (cell) => {
    const key = axes.map((axis) => cell[axis] ?? "").join("\n");
    const known = answers.get(key);
    if (known !== undefined) return known;
    const answer = judge(cell);
    answers.set(key, answer);
    return answer;
  };
}
