import type { DatabaseSync } from "node:sqlite";

/** What agents did not say of their GPUs before there was a field for it. */
const GPU_DEFAULTS = {
  cudaDriver: "",
  cudaMinorCompatible: "",
  migMode: "",
  migSlices: [],
  eccMode: "",
  eccCorrected: null,
  eccUncorrected: null,
  smClockMaxMhz: null,
  memoryClockMaxMhz: null,
  powerLimitWatts: null,
  clocksLockable: { answer: "unknown", detail: "" },
  countersReadable: { answer: "unknown", detail: "" },
  processes: [],
  pciBusId: "",
};

/** Priorities, devices, how agents stand, and what they reported of their health. */
export function addScheduling(database: DatabaseSync): void {
  database.exec(`
    ALTER TABLE runs ADD COLUMN priority INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE jobs ADD COLUMN replays_left INTEGER NOT NULL DEFAULT 3;
    ALTER TABLE jobs ADD COLUMN avoid TEXT NOT NULL DEFAULT '[]';          -- JSON
    ALTER TABLE attempts ADD COLUMN devices TEXT NOT NULL DEFAULT '';      -- JSON
    ALTER TABLE attempts ADD COLUMN unhealthy TEXT NOT NULL DEFAULT '';
    UPDATE attempts SET devices = json_object('host', 'agent:' || agent_id, 'gpus', json('[]'), 'exclusive', json('false'));
    ALTER TABLE agents ADD COLUMN labels TEXT NOT NULL DEFAULT '{}';       -- JSON
    ALTER TABLE agents ADD COLUMN ephemeral INTEGER NOT NULL DEFAULT 0;    -- 0 or 1
    ALTER TABLE agents ADD COLUMN host_id TEXT NOT NULL DEFAULT '';

    -- Apart from what agents say of themselves, so that no registration changes it.
    CREATE TABLE agent_standings (
      agent_id  TEXT PRIMARY KEY,
      standing  TEXT NOT NULL                -- JSON
    ) STRICT;

    -- Those that are not well.
    CREATE TABLE devices (
      host    TEXT NOT NULL,
      uuid    TEXT NOT NULL,
      health  TEXT NOT NULL,                 -- JSON
      PRIMARY KEY (host, uuid)
    ) STRICT, WITHOUT ROWID;

    CREATE TABLE health_reports (
      agent_id     TEXT NOT NULL,
      number       INTEGER NOT NULL,
      received_at  INTEGER NOT NULL,
      report       TEXT NOT NULL,            -- JSON
      PRIMARY KEY (agent_id, number)
    ) STRICT, WITHOUT ROWID;
  `);
  const write = database.prepare("UPDATE agents SET inventory = ? WHERE agent_id = ?");
  for (const row of database.prepare("SELECT agent_id, inventory FROM agents").all()) {
    const inventory = JSON.parse(row["inventory"] as string) as { readonly gpus: readonly object[] };
    const gpus = inventory.gpus.map((gpu) => ({ ...GPU_DEFAULTS, ...gpu }));
    write.run(JSON.stringify({ ...inventory, gpus }), row["agent_id"] ?? null);
  }
}
