import { readFileSync } from "node:fs";
import { CATALOGUE, writtenOptions, type GateId } from "@kiln/gate";
import { describe, expect, test } from "vitest";
import { CliError } from "../program/cli-error.ts";
import { REPOSITORY } from "../supervise/repository.ts";
import { readSpec } from "./read-spec.ts";

interface Node {
  readonly $ref?: string;
  readonly oneOf?: readonly Node[];
  readonly properties?: Readonly<Record<string, Node>>;
}

const schema = JSON.parse(readFileSync(`${REPOSITORY}/matrix/kiln.schema.json`, "utf8")) as {
  readonly $defs: Readonly<Record<string, Node>>;
};

describe("the schema of kiln.yaml and what reads its gates", () => {
  test("know the same gates, by number and by name", () => {
    const names = Object.values(CATALOGUE).flatMap(({ id, name }) => [id, name]);
    expect(Object.keys(schema.$defs["gates"]?.properties ?? {}).sort()).toEqual(names.sort());
  });

  test.for(Object.keys(CATALOGUE) as GateId[])("know the same options of %s", (id) => {
    const options = schema.$defs[`gate${id}`]?.oneOf?.find(({ properties }) => properties);
    expect(Object.keys(options?.properties ?? {}).sort()).toEqual([...writtenOptions(id)].sort());
  });
});

test("a mistake in a gate is told with its place before anything is sent", () => {
  const text = "gates:\n  coverage:\n    share-min: 80\nwaivers: [{gate: covrage}]\n";
  try {
    readSpec({ text, file: "kiln.yaml" });
    expect.fail("the spec has mistakes");
  } catch (error) {
    if (!(error instanceof CliError)) throw error;
    expect(error.problems?.map(({ file, line, column, path }) => `${file}:${line}:${column} ${path}`)).toEqual([
      "kiln.yaml:3:16 gates.coverage.share-min",
      "kiln.yaml:4:18 waivers[0].gate",
      "kiln.yaml:4:11 waivers[0]",
    ]);
  }
});
