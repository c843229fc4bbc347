import type { ArtifactFact, CandidateFact } from "./gate-facts.ts";

/** What the cases of the rules are about. */
export const CANDIDATE: CandidateFact = {
  name: "demo",
  version: "1.4.0",
  digest: "c".repeat(64),
  commit: "a".repeat(40),
  lastRelease: "1.3.2",
};

export const WHEEL: ArtifactFact = {
  file: "demo-1.4.0-cp312-cp312-manylinux_2_28_x86_64.whl",
  sha256: "1".repeat(64),
  cell: "cp312-linux-x86_64",
};
