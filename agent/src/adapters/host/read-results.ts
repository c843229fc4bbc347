import { readdir, type FileHandle } from "node:fs/promises";
import { join } from "node:path";
import { TextDecoder } from "node:util";
import { ResultsError } from "../../domain/test-results/results-error.ts";
import type { ResultsSink } from "../../domain/test-results/results-elements.ts";
import { ResultsParser } from "../../domain/test-results/results-parser.ts";
import { formatBytes } from "../../domain/units.ts";
import { openOwnFile } from "./own-file.ts";

const FILES_MAX = 5_000;
const FILE_BYTES_MAX = 64 * 1024 ** 2;
const ALL_BYTES_MAX = 512 * 1024 ** 2;
const PIECE_BYTES = 256 * 1024;

export type ResultsRead =
  | { readonly ok: true; readonly files: readonly ResultsFile[] }
  /** `message` names the file and the line. */
  | { readonly ok: false; readonly message: string };

export interface ResultsFile {
  readonly path: string;
  readonly name: string;
  readonly role: "junit" | "coverage";
}

/**
 * Reads every `*.xml` file of the folder that a test command has written its
 * results into, in the order of their names. One that cannot be read or is of
 * another kind spoils all: a report without it would say too little. `within` is
 * the agent's own folder, out of which no link may lead; `testRoot` is where the
 * tests ran.
 */
export async function readResults(folder: string, places: Places, sink: ResultsSink): Promise<ResultsRead> {
  const names = (await namesIn(folder)).filter((name) => /\.xml$/i.test(name)).sort();
  if (names.length > FILES_MAX) {
    return { ok: false, message: `there are ${names.length} XML files; at most ${FILES_MAX} are read` };
  }
  const files: ResultsFile[] = [];
  let bytesLeft = ALL_BYTES_MAX;
  for (const name of names) {
    const path = join(folder, name);
    try {
      const read = await readFile(path, places, Math.min(bytesLeft, FILE_BYTES_MAX), sink);
      bytesLeft -= read.bytes;
      files.push({ path, name, role: read.role });
    } catch (cause) {
      if (!(cause instanceof ResultsError || cause instanceof UnreadableError)) throw cause;
      return { ok: false, message: `${name}, ${cause.message}` };
    }
  }
  return { ok: true, files };
}

interface Places {
  readonly within: string;
  readonly testRoot: string;
}

class UnreadableError extends Error {}

/** A command may have removed the folder. */
async function namesIn(folder: string): Promise<readonly string[]> {
  try {
    return await readdir(folder);
  } catch (cause) {
    if (cause instanceof Error && "code" in cause && (cause.code === "ENOENT" || cause.code === "ENOTDIR")) return [];
    throw cause;
  }
}

async function readFile(
  path: string,
  { within, testRoot }: Places,
  bytesMax: number,
  sink: ResultsSink,
): Promise<{ readonly bytes: number; readonly role: ResultsFile["role"] }> {
  let role: ResultsFile["role"] = "junit";
  const parser = new ResultsParser(
    {
      testCase: (found) => sink.testCase(found),
      duration: (ms) => sink.duration(ms),
      coverage: (found) => {
        role = "coverage";
        sink.coverage(found);
      },
    },
    { root: testRoot },
  );
  const file = await openOwnFile(path, within).catch((cause: unknown) => {
    throw new UnreadableError(cause instanceof Error ? cause.message.replace(path, "it") : String(cause));
  });
  if (!file) throw new UnreadableError("it is a link to nowhere");
  try {
    const { size } = await file.stat();
    if (size > bytesMax) {
      const limit =
        bytesMax < FILE_BYTES_MAX
          ? `all of them may have ${formatBytes(ALL_BYTES_MAX)}`
          : `the limit is ${formatBytes(bytesMax)}`;
      throw new UnreadableError(`it has ${formatBytes(size)}; ${limit}`);
    }
    await feed(parser, file, size);
    return { bytes: size, role };
  } finally {
    await file.close();
  }
}

/** Decodes the file as its first bytes say (XML 1.0, appendix F), and as UTF-8 when they do not. */
async function feed(parser: ResultsParser, file: FileHandle, size: number): Promise<void> {
  const piece = Buffer.alloc(Math.min(PIECE_BYTES, Math.max(1, size)));
  let decoder: TextDecoder | null = null;
  for (let at = 0; at < size;) {
    const { bytesRead } = await file.read(piece, 0, piece.length, at);
    if (bytesRead === 0) break;
    const bytes = piece.subarray(0, bytesRead);
    decoder ??= decoderFor(bytes);
    at += bytesRead;
    parser.write(decoded(decoder, bytes, at >= size));
  }
  parser.end();
}

function decoderFor(start: Uint8Array): TextDecoder {
  if (start[0] === 0xfe && start[1] === 0xff) return new TextDecoder("utf-16be", { fatal: true });
  if (start[0] === 0xff && start[1] === 0xfe) return new TextDecoder("utf-16le", { fatal: true });
  const declaration = Buffer.from(start.subarray(0, 200)).toString("latin1");
  const label =
    /^(?:\xef\xbb\xbf)?<\?xml[^>]*\sencoding=["']([A-Za-z0-9._-]{1,40})["']/.exec(declaration)?.[1] ?? "utf-8";
  try {
    return new TextDecoder(label, { fatal: true });
  } catch {
    throw new UnreadableError(`its encoding ${label} is not known`);
  }
}

function decoded(decoder: TextDecoder, bytes: Uint8Array, isLast: boolean): string {
  try {
    return decoder.decode(bytes, { stream: !isLast });
  } catch {
    throw new UnreadableError(`it is not ${decoder.encoding}, as it says`);
  }
}
