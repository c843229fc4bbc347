const KIB = 1024;

/**
 * Limits of a kiln.yaml. Together they keep the largest job under half of a
 * NATS message (1 MiB), whatever is written.
 */
export const SPEC_LIMITS = {
  /** Characters of the whole file: a hostile one this long is parsed in well under a second. */
  textCharsMax: 64 * KIB,
  /** Open YAML collections; kiln.yaml itself needs three. */
  depthMax: 32,
  /** Problems listed; more are counted. */
  problemsMax: 100,
  timeoutMsMin: 1_000,
  timeoutMsMax: 24 * 60 * 60 * 1_000,
  logBytesMin: KIB,
  logBytesMax: 2 * KIB * KIB * KIB,
  infrastructureRetriesMax: 10,
  /** Of one `env` or `config-settings`. */
  entriesMax: 64,
  entryNameCharsMax: 128,
  /** Names and values of one `env` or `config-settings` together. */
  entriesCharsMax: 32 * KIB,
  listItemsMax: 100,
  listItemCharsMax: 300,
  commandCharsMax: 8 * KIB,
  versionCharsMax: 200,
} as const;
