const KIB = 1024;

/**
 * Limits of a kiln.yaml. Together they keep the largest job under half of a
 * NATS message (1 MiB), whatever is written.
 */
export const SPEC_LIMITS = {
  /** Characters of the whole file: a hostile one this long is parsed in well under a second. */
  textCharsMax: 64 * KIB,
  /** Open YAML collections; kiln.yaml itself needs six: `matrix`, `exclude`, its entries, `when`, a list. */
  depthMax: 32,
  /** Problems listed; more are counted. */
  problemsMax: 100,
  timeoutMsMin: 1_000,
  timeoutMsMax: 24 * 60 * 60 * 1_000,
  logBytesMin: KIB,
  logBytesMax: 2 * KIB * KIB * KIB,
  infrastructureRetriesMax: 10,
  repeatFailedMax: 5,
  /** Of one `env` or `config-settings`. */
  entriesMax: 64,
  entryNameCharsMax: 128,
  /** Names and values of one `env` or `config-settings` together. */
  entriesCharsMax: 32 * KIB,
  listItemsMax: 100,
  listItemCharsMax: 300,
  commandCharsMax: 8 * KIB,
  versionCharsMax: 200,
  /** Axes of the matrix and the keys that its includes add. */
  axesMax: 16,
  axisNameCharsMax: 32,
  /** Of one axis, or of one axis in a `when`. */
  axisValuesMax: 256,
  axisValueCharsMax: 64,
  /** Entries of each of include, exclude, override and keep. */
  matrixEntriesMax: 512,
  /** Values in the lists of all `when` of the matrix: more than the file can hold, were it not for aliases. */
  conditionValuesMax: 16_384,
  reasonCharsMax: 300,
  wheelsMax: 32,
  /** Entries of each of checks and scans. */
  commandsMax: 32,
  /** Names of wheels, checks and scans: they become parts of names of jobs. */
  jobNameCharsMax: 40,
  archListMax: 32,
  imageCharsMax: 500,
  /** Of a profiled kernel. */
  launchesMax: 10_000,
  labelsMax: 32,
  gpusMax: 16,
  maxParallelMax: 100_000,
  /** Of one kind of job. */
  secretsMax: 20,
} as const;
