import { expect, test } from "vitest";
import { servicesInFolder, type Services } from "../testing.ts";
import { builtWheel, judgedRun, verdictOf } from "./testing.ts";

const SPEC = "gates: {profile-freshness: {}}\n";
const KERNELS = { "src/gemm.cu": "__global__ void gemm() {}", "src/tile.cuh": "#define TILE 16" };

/** What G24 says of 1.4.0 with these files, where 1.3.0 has passed with others. */
async function freshness(services: Services, before: Readonly<Record<string, string>> | null, after: object) {
  if (before) {
    const old = { version: "1.3.0", spec: "", files: before };
    await judgedRun(services, old, { build: builtWheel({ version: "1.3.0" }) });
  }
  const run = await judgedRun(services, { spec: SPEC, files: after as Readonly<Record<string, string>> });
  const gate = (await verdictOf(services, run)).gates.find(({ id }) => id === "G24");
  return `${gate?.outcome}: ${gate?.reason} ${JSON.stringify(gate?.evidence)}`;
}

test("kernels whose sources are those of the last release need no profile, whatever else changed", async () => {
  await using services = await servicesInFolder();
  const after = { ...KERNELS, "README.md": "new" };
  expect(await freshness(services, KERNELS, after)).toMatch(/^pass: no kernel source changed/);
});

test("kernels that changed, came or went need a profile, and are named", async () => {
  await using services = await servicesInFolder();
  const after = { "src/gemm.cu": "__global__ void gemm(int) {}", "src/new.cpp": "" };
  const said = await freshness(services, KERNELS, after);
  expect(said).toMatch(/^fail: 3 kernel sources changed, and there is no profile/);
  for (const file of ["src/gemm.cu", "src/tile.cuh", "src/new.cpp"]) expect(said).toContain(file);
});

test("without a release before it nobody knows what changed, and that is no pass", async () => {
  await using services = await servicesInFolder();
  expect(await freshness(services, null, KERNELS)).toMatch(/^not-run: .*which kernel sources changed is not known/);
});
