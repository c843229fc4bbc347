import { HttpProblem } from "./problem.ts";

/** Says of what was here when it went and by which rule. */
export function gone(what: string, { atMs, rule }: { readonly atMs: number; readonly rule: string }): HttpProblem {
  return new HttpProblem("gone", `${what} went on ${new Date(atMs).toISOString()}: ${rule}`);
}
