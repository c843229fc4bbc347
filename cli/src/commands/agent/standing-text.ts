import type { AgentDetail } from "@kiln/proto";
import { count } from "../../render/count.ts";

/** "gpu1 is draining (new driver); 2 jobs left". */
export function standingText({ name, mode, health, attempts }: AgentDetail): string {
  const reason = mode.reason === "" ? "" : ` (${mode.reason})`;
  const left = mode.name === "active" || attempts.length === 0 ? "" : `; ${count(attempts.length, "job")} left`;
  const unwell = health.name === "good" ? "" : `; it is ${health.name}: ${health.reason}`;
  return `${name} is ${mode.name}${reason}${left}${unwell}.`;
}
