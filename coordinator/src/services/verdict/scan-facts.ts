import { text } from "node:stream/consumers";
import { describeProblem, readSarif, type FactSources, type GateFacts, type SbomFact, type ScanFact } from "@kiln/gate";
import type { ScanFile } from "../../domain/verdict/job-facts.ts";
import { isRecord, parseJson, sbomIn } from "../../domain/verdict/wheel-contents.ts";
import type { BlobStore } from "../../ports/blob-store.ts";

const FILE_BYTES_MAX = 32 * 1024 * 1024;
const FILES_MAX = 500;
const FINDINGS_MAX = 20_000;

/** What scanners left in KILN_RESULTS: SARIF with findings, the date of their database, SBOMs. */
export async function scanFacts(
  blobs: BlobStore,
  files: readonly ScanFile[],
  { scans: named, database }: FactSources,
  signal: AbortSignal,
): Promise<Pick<GateFacts, "scans" | "sboms" | "absent">> {
  const absent = (reason: string) => ({ absent: { scans: reason } });
  const wanted = files.filter(({ command }) => named?.includes(command) ?? true);
  if (wanted.length > FILES_MAX) return absent(`the scans left ${wanted.length} files, more than ${FILES_MAX}`);
  const scans: ScanFact[] = [];
  const sboms: SbomFact[] = [];
  let findings = 0;
  /** Of each job's database, by the job's name. */
  const dates = new Map<string, number | null>();
  const texts = new Map<ScanFile, string>();
  for (const file of wanted) {
    signal.throwIfAborted();
    const { blob, job } = file;
    if (blob.sizeBytes > FILE_BYTES_MAX)
      return absent(`${blob.filename} of ${job} has ${blob.sizeBytes} bytes, more than ${FILE_BYTES_MAX}`);
    if ((await blobs.size(blob.sha256)) === null)
      return absent(`the bytes of ${blob.filename} of ${job} are no longer here`);
    const content = await text(blobs.read(blob.sha256));
    if (database?.kind === "file" && blob.filename === database.file) dates.set(job, timeIn(content, database.key));
    texts.set(file, content);
  }
  for (const [{ blob, job, atMs }, content] of texts) {
    if (isSarif(blob.filename, content)) {
      const read = readSarif({ file: `${blob.filename} of ${job}`, text: content });
      if (!read.ok) return absent(describeProblem(read.problem));
      findings += read.findings.length;
      if (findings > FINDINGS_MAX) return absent(`the scans have more than ${FINDINGS_MAX} findings`);
      const databaseAtMs = database?.kind === "live" ? atMs : (dates.get(job) ?? null);
      scans.push({ tool: read.tool, findings: read.findings, databaseAtMs });
    } else {
      const sbom = sbomIn(content);
      const { filename: file, sha256 } = blob;
      if (sbom.format !== "unknown") sboms.push({ file, sha256, cell: null, ...sbom, inWheel: false });
    }
  }
  if (scans.length > 0) return { scans, sboms };
  return { sboms, ...absent("no scan has written SARIF into $KILN_RESULTS") };
}

function isSarif(filename: string, content: string): boolean {
  if (filename.endsWith(".sarif") || filename.endsWith(".sarif.json")) return true;
  const root = parseJson(content);
  return isRecord(root) && root["version"] === "2.1.0" && Array.isArray(root["runs"]);
}

/** A time (ISO 8601) under a key with dots. */
function timeIn(content: string, key: string): number | null {
  let value = parseJson(content);
  for (const part of key.split(".")) value = isRecord(value) && Object.hasOwn(value, part) ? value[part] : undefined;
  const atMs = typeof value === "string" ? Date.parse(value) : Number.NaN;
  return Number.isNaN(atMs) ? null : atMs;
}
