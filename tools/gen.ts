// Regenerates what is generated: proto/src/gen from proto/proto, the state
// diagram in docs/ARCHITECTURE.md, and Grafana's dashboards from tools/dashboards.
//
// `pnpm gen --release` also moves the baseline that `buf breaking` compares
// with to the contract as it is now: part of making a release, and of nothing
// else (see CONTRIBUTING.md).
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { ARCHITECTURE_DOC, withGeneratedParts } from "./architecture-doc.ts";
import { writeDashboards } from "./dashboards/files.ts";
import { buf, generateProto, RELEASED_IMAGE } from "./proto.ts";
import { root } from "./tool.ts";

const { values } = parseArgs({ options: { release: { type: "boolean", default: false } } });

await buf(["lint"]);
await generateProto(join(root, "proto"));
await writeFile(ARCHITECTURE_DOC, withGeneratedParts(await readFile(ARCHITECTURE_DOC, "utf8")));
await writeDashboards();
if (values.release) await buf(["build", "--exclude-source-info", "--output", RELEASED_IMAGE]);
