import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { root } from "../tool.ts";

interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly license?: string;
  readonly author?: string | { readonly name?: string };
}

interface Licence {
  readonly title: string;
  /** The licence's file, or what the manifest says where there is none. */
  readonly text: string;
}

/** What has to go with a bundle: Kiln's own licence, and that of every package inside. Throws for a package that says none. */
export async function licencesText(version: string, packages: readonly string[]): Promise<string> {
  const own = { title: `kiln-agent ${version} (Apache-2.0)`, text: await readFile(join(root, "LICENSE"), "utf8") };
  const others = await Promise.all(packages.map(readLicence));
  const parts = [own, ...sortedOnce(others)].map(
    ({ title, text }) => `${title}\n${"-".repeat(78)}\n\n${text.trim()}\n`,
  );
  const head =
    "What is inside of kiln-agent.mjs and its licences. A single executable (kiln-agent, kiln-agent.exe) has\n" +
    "Node.js inside as well, whose LICENSE file comes with Node.js.\n";
  return [head, ...parts].join(`\n${"=".repeat(78)}\n\n`);
}

async function readLicence(folder: string): Promise<Licence> {
  const manifest = JSON.parse(await readFile(join(folder, "package.json"), "utf8")) as Manifest;
  const { name, version, license } = manifest;
  if (license === undefined) throw new Error(`${name} ${version} does not say its licence`);
  const file = (await readdir(folder)).toSorted().find((one) => /^licen[cs]e/iu.test(one));
  const text = file === undefined ? `Its package has no file with it. ${authorLine(manifest)}` : null;
  return { title: `${name} ${version} (${license})`, text: text ?? (await readFile(join(folder, file ?? ""), "utf8")) };
}

function authorLine({ author, license }: Manifest): string {
  const name = typeof author === "string" ? author : author?.name;
  return `${name === undefined ? "" : `Author: ${name}. `}Licence: ${license ?? ""}.`;
}

/** One package may be in the store several times, for several sets of peers. */
function sortedOnce(licences: readonly Licence[]): readonly Licence[] {
  const byTitle = new Map(licences.map((licence) => [licence.title, licence]));
  return [...byTitle.values()].toSorted((a, b) => (a.title < b.title ? -1 : 1));
}
