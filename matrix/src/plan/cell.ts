import type { Cell } from "./plan.ts";

/** The cell of a platform and a feature version: `cp312-linux-x86_64`, `cp313t-linux-x86_64`. */
export function cellOf(os: string, python: string): Cell {
  return { name: `cp${python.replace(".", "")}-${os}`, axes: { os, python } };
}
