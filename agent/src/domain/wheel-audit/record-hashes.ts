/** A file as RECORD has it. */
export interface RecordedFile {
  /** "sha256", lower-case; null where RECORD gives no hash. */
  readonly algorithm: string | null;
  /** urlsafe base64 without padding. */
  readonly digest: string;
  /** null where RECORD gives none. */
  readonly sizeBytes: number | null;
}

export type ParsedRecord =
  | { readonly ok: true; readonly files: ReadonlyMap<string, RecordedFile> }
  | { readonly ok: false; readonly message: string };

/** What is in the archive. */
export interface ArchivedFile {
  readonly path: string;
  readonly sizeBytes: number;
  /** urlsafe base64 without padding, by algorithm. */
  readonly digests: Readonly<Record<string, string>>;
}

/** Hashes that RECORD may use: nothing weaker than SHA-256 (PEP 376, PEP 427). */
export const RECORD_ALGORITHMS = ["sha256", "sha384", "sha512"] as const;
/** RECORD itself, and what signs it. */
const UNRECORDED = /^[^/]+\.dist-info\/RECORD(?:\.jws|\.p7s)?$/;

/** Reads RECORD's lines `path,hash,size` (CSV). */
export function parseRecordHashes(text: string): ParsedRecord {
  const files = new Map<string, RecordedFile>();
  for (const [index, line] of text.split(/\r?\n/).entries()) {
    if (line === "") continue;
    const match = /^(?:"((?:[^"]|"")*)"|([^",]*)),(?:([\w-]+)=([\w-]+)=*)?,(\d*)$/.exec(line);
    if (!match) return { ok: false, message: `line ${index + 1} is not "path,hash,size"` };
    const [, quoted, plain, algorithm, digest = "", size = ""] = match;
    const path = quoted?.replaceAll('""', '"') ?? plain ?? "";
    if (files.has(path)) return { ok: false, message: `it lists ${path} twice` };
    const sizeBytes = size === "" ? null : Number(size);
    files.set(path, { algorithm: algorithm?.toLowerCase() ?? null, digest, sizeBytes });
  }
  return { ok: true, files };
}

/** A sentence on the first place where RECORD and the archive differ; null when every file is as RECORD says. */
export function recordLie(record: ReadonlyMap<string, RecordedFile>, archived: readonly ArchivedFile[]): string | null {
  const paths = new Set<string>();
  for (const file of archived) {
    paths.add(file.path);
    if (UNRECORDED.test(file.path)) continue;
    const lie = lieAbout(file, record.get(file.path));
    if (lie !== null) return lie;
  }
  for (const path of record.keys()) if (!paths.has(path)) return `it lists ${path}, which is not there`;
  return null;
}

/** Paths of files that RECORD lists without a hash, against PEP 427. */
export function unhashed(record: ReadonlyMap<string, RecordedFile>): readonly string[] {
  return [...record]
    .filter(([path, { algorithm }]) => algorithm === null && !UNRECORDED.test(path))
    .map(([path]) => path);
}

function lieAbout({ path, sizeBytes, digests }: ArchivedFile, recorded: RecordedFile | undefined): string | null {
  if (!recorded) return `${path} is there and not in it`;
  const { algorithm, digest } = recorded;
  if (recorded.sizeBytes !== null && recorded.sizeBytes !== sizeBytes) {
    return `${path} has ${sizeBytes} bytes, and it says ${recorded.sizeBytes}`;
  }
  // Installers take it, and it proves nothing: a remark.
  if (algorithm === null) return null;
  const actual = digests[algorithm];
  if (actual === undefined) return `its hash of ${path} is ${algorithm}, not SHA-256 or stronger`;
  return actual === digest ? null : `${path} has another ${algorithm} than it says`;
}
