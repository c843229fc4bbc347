import { join } from "node:path";
import { valid } from "@renovatebot/pep440";
import { CliError, errorMessage, usageError } from "../program/cli-error.ts";
import { normalName } from "../source/argument.ts";
import { certFile } from "./cert-file.ts";
import { chooseSdist } from "./choose-sdist.ts";
import { download, readPage, useNetworkSettings } from "./index-http.ts";
import { findIndexes, withoutPassword, type IndexLocations } from "./index-locations.ts";
import { askPipDefaultIndex, readPipConfig, type PipConfig } from "./pip-config.ts";
import { parseSimplePage, type IndexFile } from "./simple-page.ts";

export interface FetchRelease {
  readonly name: string;
  readonly version: string;
  /** Folder that the sdist is written to. */
  readonly dir: string;
  readonly env: NodeJS.ProcessEnv;
  /** `--index-url` */
  readonly indexUrl: string | null;
  readonly signal: AbortSignal;
  readonly note: (text: string) => void;
  readonly sizeBytesMax: number;
}

/** Finds the sdist of exactly one version on the person's index, fetches it and checks its digest; gives its path. */
export async function fetchRelease(options: FetchRelease): Promise<string> {
  const { name, version, env, signal } = options;
  if (valid(version) === null) {
    throw usageError(`${JSON.stringify(version)} is not a version (PEP 440).`, `Write pypi:${name}==VERSION.`);
  }
  // Asked at most once, and not at all when the environment says everything.
  let asked: Promise<PipConfig> | undefined;
  const pipConfig = (): Promise<PipConfig> => (asked ??= readPipConfig(env));
  const pipDefault = (): Promise<string | null> => askPipDefaultIndex(env);
  const indexes = await findIndexes({ flag: options.indexUrl, env, pipConfig, pipDefault });
  const undo = await useNetworkSettings(env, await certFile(env, asked));
  try {
    const { file, index } = await findFile(indexes, options);
    const target = join(options.dir, safeName(file.filename));
    const sha256 = await download(file.url, index, target, { sizeBytesMax: options.sizeBytesMax, signal });
    if (file.sha256 === null) {
      options.note(`The index gives no SHA-256 for ${file.filename}; what came has ${sha256}.`);
    } else if (file.sha256 !== sha256) {
      throw new CliError(
        `${file.filename} is not what the index promises: its SHA-256 is ${sha256}, and should be ${file.sha256}.`,
        { advice: "Something between here and the index changed it; do not use it." },
      );
    }
    if (file.yanked) options.note(`${file.filename} was yanked from the index by its maintainers.`);
    return target;
  } finally {
    undo();
  }
}

async function findFile(indexes: IndexLocations, options: FetchRelease): Promise<{ file: IndexFile; index: string }> {
  const { name, version, signal } = options;
  const shown = indexes.urls.map(withoutPassword).join(", ");
  const missing: string[] = [];
  let onlyWheels = false;
  let known = false;
  for (const index of indexes.urls) {
    const url = `${index}/${normalName(name)}/`;
    const page = await readPage(url, signal);
    if (page === null) continue;
    known = true;
    const choice = chooseSdist(filesOf(page, url), name, version);
    if (choice.kind === "found") return { file: choice.file, index };
    if (choice.kind === "only-wheels") onlyWheels = true;
    else missing.push(...choice.versions);
  }
  const where = `on ${shown} (from ${indexes.from})`;
  if (!known)
    throw new CliError(`There is no project ${name} ${where}.`, { advice: "Check the name, or give --index-url." });
  if (onlyWheels) {
    throw new CliError(`${name} ${version} has wheels only ${where}, and no sdist to build from.`, {
      advice: "Submit the project's folder or an sdist of your own.",
    });
  }
  const some = missing.slice(0, 8).join(", ");
  throw new CliError(`There is no sdist of ${name} ${version} ${where}.`, {
    advice: some === "" ? "" : `Versions with an sdist: ${some}${missing.length > 8 ? ", …" : ""}`,
  });
}

function filesOf(page: { text: string; contentType: string; url: string }, url: string): readonly IndexFile[] {
  try {
    return parseSimplePage(page.text, page.contentType, page.url);
  } catch (error) {
    throw new CliError(`${withoutPassword(url)} is not a page of a package index: ${errorMessage(error)}.`, {
      cause: error,
    });
  }
}

/** The name comes from the index: no folder of it counts. */
function safeName(filename: string): string {
  const name = filename.split(/[\\/]/).at(-1) ?? "";
  if (!/^[\w.+!-]+$/.test(name))
    throw new CliError(`The index names the sdist ${JSON.stringify(filename)}, which is refused.`);
  return name;
}
