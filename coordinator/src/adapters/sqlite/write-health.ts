import type { SQLInputValue } from "node:sqlite";
import { HEALTH_REPORTS_MAX } from "../../domain/rows.ts";
import type { StoreOp } from "../../domain/store-op.ts";

export type HealthOp = Extract<StoreOp, { readonly op: "upsert-standing" | "upsert-device" | "insert-health-report" }>;

/** How agents and devices stand, and what they reported. `run` performs one statement. */
export function writeHealth(run: (sql: string, ...values: SQLInputValue[]) => unknown, op: HealthOp): void {
  switch (op.op) {
    case "upsert-standing":
      run(
        `INSERT INTO agent_standings (agent_id, standing) VALUES (?, ?)
           ON CONFLICT (agent_id) DO UPDATE SET standing = excluded.standing`,
        op.agentId,
        JSON.stringify(op.standing),
      );
      return;
    case "upsert-device": {
      const { host, uuid, health } = op.row;
      // Only those that are not well are kept.
      if (health.name === "good") run("DELETE FROM devices WHERE host = ? AND uuid = ?", host, uuid);
      else {
        run(
          `INSERT INTO devices (host, uuid, health) VALUES (?, ?, ?)
             ON CONFLICT (host, uuid) DO UPDATE SET health = excluded.health`,
          host,
          uuid,
          JSON.stringify(health),
        );
      }
      return;
    }
    case "insert-health-report": {
      const { agentId, receivedAtMs, report } = op.row;
      run(
        `INSERT INTO health_reports (agent_id, number, received_at, report)
           SELECT ?, coalesce(max(number), 0) + 1, ?, ? FROM health_reports WHERE agent_id = ?`,
        agentId,
        receivedAtMs,
        JSON.stringify(report),
        agentId,
      );
      run(
        `DELETE FROM health_reports WHERE agent_id = ?
           AND number <= (SELECT max(number) FROM health_reports WHERE agent_id = ?) - ${HEALTH_REPORTS_MAX}`,
        agentId,
        agentId,
      );
      return;
    }
  }
}
