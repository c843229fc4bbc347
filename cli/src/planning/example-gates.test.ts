import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { REPOSITORY } from "../supervise/repository.ts";
import { readSpec } from "./read-spec.ts";

const RELEASES = join(REPOSITORY, "examples", "releases");
const GUIDES = readdirSync(RELEASES).filter((name) => statSync(join(RELEASES, name)).isDirectory());

test.for(GUIDES)(
  "the gates of %s are read, with the version's places and the changelog that its guide names",
  (guide) => {
    const file = join(RELEASES, guide, "kiln.yaml");
    const { spec } = readSpec({ text: readFileSync(file, "utf8"), file });
    const named = spec.gates?.type === "map" ? spec.gates.entries.map(({ key }) => key) : [];
    expect(named).toEqual(expect.arrayContaining(["version-consistency", "changelog-entry"]));
  },
);
