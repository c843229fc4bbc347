import { HttpProblem } from "./problem.ts";

/** `limit`: jobs that the queue holds. */
export function queueFull(limit: number): HttpProblem {
  const detail = `the run would bring the queue beyond ${limit} jobs; submit it again when some have finished`;
  return new HttpProblem("queue-full", detail, { headers: { "Retry-After": "30" } });
}
