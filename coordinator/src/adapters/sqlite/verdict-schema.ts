/** What runs have to pass, what was found, and what people decided. */
export const VERDICT_SCHEMA = `
  CREATE TABLE run_policies (
    run     INTEGER PRIMARY KEY REFERENCES runs (run),
    policy  TEXT NOT NULL                   -- JSON
  ) STRICT;

  CREATE TABLE verdicts (
    run        INTEGER PRIMARY KEY REFERENCES runs (run),
    judged_at  INTEGER NOT NULL,
    judged     TEXT NOT NULL                -- JSON; before waivers
  ) STRICT;

  CREATE TABLE approvals (
    id      INTEGER PRIMARY KEY,
    run     INTEGER NOT NULL REFERENCES runs (run),
    digest  TEXT NOT NULL,
    who     TEXT NOT NULL,
    role    TEXT NOT NULL,
    at      INTEGER NOT NULL
  ) STRICT;
  CREATE INDEX approvals_run ON approvals (run);

  CREATE TABLE waivers (
    id       INTEGER PRIMARY KEY,
    run      INTEGER NOT NULL REFERENCES runs (run),
    gate     TEXT NOT NULL,
    digest   TEXT NOT NULL,
    who      TEXT NOT NULL,
    why      TEXT NOT NULL,
    expires  INTEGER NOT NULL,
    at       INTEGER NOT NULL
  ) STRICT;
  CREATE INDEX waivers_run ON waivers (run);
`;

/** Who decided, as the farm knows them. Before, all that was known is whom they had said to be. */
export const DECIDED_BY_SCHEMA = `
  ALTER TABLE approvals ADD COLUMN on_behalf_of TEXT NOT NULL DEFAULT '';
  UPDATE approvals SET on_behalf_of = who, who = 'nobody', role = '';

  ALTER TABLE waivers ADD COLUMN role TEXT NOT NULL DEFAULT '';
  ALTER TABLE waivers ADD COLUMN on_behalf_of TEXT NOT NULL DEFAULT '';
  UPDATE waivers SET on_behalf_of = who, who = 'nobody';
`;
