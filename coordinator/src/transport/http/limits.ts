/** What the server refuses to go beyond. Every limit has a name in errors and metrics where it can be reached. */
export interface HttpLimits {
  /** A JSON body, in bytes. */
  readonly jsonBytesMax: number;
  /** A blob, in bytes. */
  readonly blobBytesMax: number;
  /** All blobs together, in bytes; 0: no limit. */
  readonly storedBytesMax: number;
  /** All headers of a request together, in bytes. */
  readonly headerBytesMax: number;
  readonly connectionsMax: number;
  /** Runs watched at once, over all clients. */
  readonly eventStreamsMax: number;
  /** Logs read at once, over all clients. */
  readonly logStreamsMax: number;
  /** Blobs received at once; each holds about 1 MiB of memory while its disk is slower than its sender. */
  readonly uploadsMax: number;
  /** Of one principal, or one address where the principal is not known. */
  readonly requestsPerMinuteMax: number;
  /** Of one address. */
  readonly enrolmentsPerMinuteMax: number;
  /** Requests without a valid token or certificate, of one address. Whoever has one is let through whatever others try. */
  readonly authFailuresPerMinuteMax: number;
  readonly headersTimeoutMs: number;
  readonly jsonBodyTimeoutMs: number;
  /** A whole upload; the largest blob must fit through the slowest line that is worth waiting for. */
  readonly uploadTimeoutMs: number;
  /** A connection on which nothing moves though something should, a slow reader's included. */
  readonly idleTimeoutMs: number;
  /** How long a refused request may go on sending before its connection is cut. */
  readonly lingerMs: number;
  /** How long requests may take to end once the server is closing. */
  readonly closeTimeoutMs: number;
  /** Between comments on a silent event stream, so that neither end nor a proxy takes it for dead. */
  readonly heartbeatIntervalMs: number;
  /** Between look-ups of one stream, however often something changes. */
  readonly lookupIntervalMs: number;
}

export const DEFAULT_HTTP_LIMITS: HttpLimits = {
  jsonBytesMax: 1024 * 1024,
  blobBytesMax: 4 * 1024 ** 3,
  storedBytesMax: 0,
  headerBytesMax: 16 * 1024,
  connectionsMax: 4_096,
  eventStreamsMax: 1_000,
  logStreamsMax: 1_000,
  uploadsMax: 256,
  requestsPerMinuteMax: 60_000,
  enrolmentsPerMinuteMax: 120,
  authFailuresPerMinuteMax: 60,
  headersTimeoutMs: 15_000,
  jsonBodyTimeoutMs: 30_000,
  uploadTimeoutMs: 3_600_000,
  idleTimeoutMs: 60_000,
  lingerMs: 5_000,
  closeTimeoutMs: 5_000,
  heartbeatIntervalMs: 15_000,
  lookupIntervalMs: 50,
};

/** The names under which reached limits are counted and reported. */
export const HTTP_LIMIT_NAMES = [
  "http-json-bytes",
  "http-blob-bytes",
  "stored-bytes",
  "http-header-bytes",
  "http-connections",
  "http-event-streams",
  "http-log-streams",
  "http-uploads",
  "partial-uploads",
  "http-upstream-fetches",
  "http-requests",
  "http-enrolments",
  "http-auth-failures",
] as const;

export type HttpLimitName = (typeof HTTP_LIMIT_NAMES)[number];
