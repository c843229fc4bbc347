import { basename } from "node:path";
import { CliError } from "../program/cli-error.ts";
import type { SourceFacts } from "./facts.ts";
import { factsOfPkgInfo } from "./pkg-info.ts";
import { readTarFiles } from "./tar-files.ts";
import { readZipFiles } from "./zip-files.ts";

export interface SdistContent {
  readonly facts: SourceFacts;
  /** The kiln.yaml that it carries, or null. */
  readonly spec: { readonly text: string; readonly file: string } | null;
}

/** Reads what an sdist (.tar.gz, .zip) says of itself, from the PKG-INFO of its top folder. */
export async function readSdist(path: string): Promise<SdistContent> {
  const filename = basename(path);
  const read = readerFor(filename);
  if (read === null) {
    const advice = filename.endsWith(".whl")
      ? "A wheel is already built; Kiln builds from source: give the sdist or the project's folder."
      : "Give an sdist that ends with .tar.gz or .zip, or the project's folder.";
    throw new CliError(`${path} is not an sdist.`, { advice });
  }
  const texts = await read(path);
  const spec = [...texts].find(([name]) => name.endsWith("/kiln.yaml"));
  for (const [name, text] of texts) {
    if (!name.endsWith("/PKG-INFO")) continue;
    const facts = factsOfPkgInfo(text, name);
    if (facts === null) throw new CliError(`${path} is not a whole sdist: its ${name} lacks a Name or a Version.`);
    return { facts, spec: spec === undefined ? null : { text: spec[1], file: `${filename}/${spec[0]}` } };
  }
  throw new CliError(`${path} is not an sdist: it has no PKG-INFO in a top-level folder.`, {
    advice: "Make one with: python3 -m build --sdist",
  });
}

function readerFor(filename: string): ((path: string) => Promise<ReadonlyMap<string, string>>) | null {
  const name = filename.toLowerCase();
  if (name.endsWith(".tar.gz") || name.endsWith(".tgz")) return readTarFiles;
  return name.endsWith(".zip") ? readZipFiles : null;
}
