import { basename } from "node:path";
import type { Blob, MeasureWork } from "../domain/job.ts";
import type { IndexBaseline } from "../domain/measure/index-baseline.ts";
import { parseWheelName } from "../domain/wheel-name.ts";
import { makeWheel } from "./simple-index.ts";

/** Writes which release its environment has. */
const SCRIPT =
  "import json, measured, os; json.dump(measured.IS, open(os.path.join(os.environ['KILN_RESULTS'], 'is.json'), 'w'))";

/** Wheels of a package whose benchmark tells which of them is there; their paths in `folder`. */
export function makeMeasured(python: string, folder: string, versions: readonly string[]): Promise<string[]> {
  const make = (version: string) =>
    makeWheel(python, folder, { name: "measured", version, text: `IS = "${version}"\n` });
  return Promise.all(versions.map(make));
}

/** One pair of processes of that benchmark, whatever else the machine does. */
export function measuredWork(wheel: Blob, baseline: IndexBaseline): MeasureWork {
  const source: Blob = { sha256: "0".repeat(64), sizeBytes: 1, filename: "measured-1.0.tar.gz" };
  const version = parseWheelName(basename(wheel.filename))?.version ?? null;
  return {
    ...{ kind: "measure", wheel, candidate: { name: "measured", version }, requires: [], index: "any", torch: null },
    check: { kind: "command", command: `python -c "${SCRIPT}"`, source, files: [] },
    baseline,
    how: {
      ...{ kind: "bench", pairs: 1, pairsAgainMax: 0, boundBy: "host", results: "*.json" },
      ...{ clockShareMin: 0.75, foreignCpuMax: 1_000 },
    },
  };
}
