/**
 * Which runs keep their bytes. Who uses a blob is written by triggers, so that
 * nothing that refers to one can leave it out: a reference that is not in
 * blob_uses would be bytes that vanish.
 */
export const RETENTION_SCHEMA = `
  ALTER TABLE runs ADD COLUMN pinned_at INTEGER;
  ALTER TABLE runs ADD COLUMN expired_at INTEGER;                    -- NULL, or before finished_at: it is not
  ALTER TABLE runs ADD COLUMN expired_rule TEXT NOT NULL DEFAULT '';
  ALTER TABLE runs ADD COLUMN has_logs INTEGER NOT NULL DEFAULT 1;   -- 0 or 1
  CREATE INDEX runs_expired ON runs (run) WHERE expired_at IS NOT NULL AND has_logs = 1;

  CREATE INDEX jobs_reused ON jobs (reused_run) WHERE reused_run IS NOT NULL;

  CREATE TABLE blob_uses (
    sha256  TEXT NOT NULL,
    run     INTEGER NOT NULL REFERENCES runs (run),
    PRIMARY KEY (sha256, run)
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE removed_blobs (
    sha256      TEXT PRIMARY KEY,
    size_bytes  INTEGER NOT NULL,
    removed_at  INTEGER NOT NULL,
    rule        TEXT NOT NULL
  ) STRICT, WITHOUT ROWID;

  INSERT OR IGNORE INTO blob_uses SELECT json_extract(source, '$.sha256'), run FROM runs;
  INSERT OR IGNORE INTO blob_uses SELECT json_extract(artifact.value, '$.blob.sha256'), run
    FROM attempts, json_each(attempts.artifacts) AS artifact;
  INSERT OR IGNORE INTO blob_uses SELECT sha256, run FROM staged_files;
  INSERT OR IGNORE INTO blob_uses SELECT metadata_sha256, run FROM staged_files WHERE metadata_sha256 IS NOT NULL;

  INSERT OR IGNORE INTO blob_uses SELECT json_extract(artifact.value, '$.blob.sha256'), jobs.run
    FROM jobs JOIN attempts ON attempts.run = jobs.reused_run AND attempts.job = jobs.reused_job
      AND attempts.attempt = jobs.reused_attempt, json_each(attempts.artifacts) AS artifact;

  CREATE TRIGGER run_uses_source AFTER INSERT ON runs BEGIN
    INSERT OR IGNORE INTO blob_uses VALUES (json_extract(new.source, '$.sha256'), new.run);
  END;
  CREATE TRIGGER attempt_uses_artifacts AFTER UPDATE OF artifacts ON attempts WHEN new.artifacts <> old.artifacts BEGIN
    INSERT OR IGNORE INTO blob_uses SELECT json_extract(value, '$.blob.sha256'), new.run FROM json_each(new.artifacts);
  END;
  CREATE TRIGGER attempt_begins_with_artifacts AFTER INSERT ON attempts WHEN new.artifacts <> '[]' BEGIN
    INSERT OR IGNORE INTO blob_uses SELECT json_extract(value, '$.blob.sha256'), new.run FROM json_each(new.artifacts);
  END;
  CREATE TRIGGER job_begins_with_result AFTER INSERT ON jobs WHEN new.reused_run IS NOT NULL BEGIN
    INSERT OR IGNORE INTO blob_uses SELECT json_extract(artifact.value, '$.blob.sha256'), new.run
      FROM attempts, json_each(attempts.artifacts) AS artifact
      WHERE attempts.run = new.reused_run AND attempts.job = new.reused_job AND attempts.attempt = new.reused_attempt;
  END;
  CREATE TRIGGER job_takes_result AFTER UPDATE OF reused_run ON jobs WHEN new.reused_run IS NOT old.reused_run BEGIN
    INSERT OR IGNORE INTO blob_uses SELECT json_extract(artifact.value, '$.blob.sha256'), new.run
      FROM attempts, json_each(attempts.artifacts) AS artifact
      WHERE attempts.run = new.reused_run AND attempts.job = new.reused_job AND attempts.attempt = new.reused_attempt;
  END;
  CREATE TRIGGER index_uses_file AFTER INSERT ON staged_files BEGIN
    INSERT OR IGNORE INTO blob_uses VALUES (new.sha256, new.run);
    INSERT OR IGNORE INTO blob_uses SELECT new.metadata_sha256, new.run WHERE new.metadata_sha256 IS NOT NULL;
  END;
`;
