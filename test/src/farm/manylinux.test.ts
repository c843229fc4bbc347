import { mkdirSync } from "node:fs";
import { delimiter, join } from "node:path";
import type { JobView, RunView, WheelReport } from "@kiln/proto";
import {
  BUILDER_PYTHONS,
  builderImage,
  startDockerd,
  temporaryFolder,
  unpackBuilderPythons,
  type Brought,
} from "@kiln/testkit";
import { beforeAll, expect, it } from "vitest";
import { tarOfExample } from "./example-source.ts";
import { Farm } from "./farm.ts";
import { startUserIndex } from "./user-index.ts";

/** Elsewhere neither the images can be made nor an engine of a test's own be started; here both must be. */
const reason =
  process.platform === "linux" && process.getuid?.() === 0
    ? null
    : "images are made, and engines of a test's own started, on Linux and as root only";

/** Of the example, and what pytest needs before CPython 3.11, which a pip that runs on a newer one does not look at. */
const REQUIREMENTS = ["setuptools>=68", "wheel", "pytest", "exceptiongroup", "tomli", "typing-extensions"];
const ARCH = process.arch === "arm64" ? "aarch64" : "x86_64";
const PLATFORM = `linux-${ARCH}`;
/** What the example needs, exp and log of glibc 2.29, is not in the policy of 2.28; the next one is of 2.31. */
const TAG = `manylinux_2_31_${ARCH}`;
/** Two Debians and three CPythons, on two cores that do other things, too. */
const IMAGES_TIMEOUT_MS = 1_500_000;
let images: Readonly<Record<"bullseye" | "bookworm", string>>;

beforeAll(async () => {
  if (reason !== null) return;
  images = { bullseye: need(await builderImage("bullseye")), bookworm: need(await builderImage("bookworm")) };
}, IMAGES_TIMEOUT_MS);

it(
  "wheels built for three CPythons in an image with glibc 2.31 get the manylinux tag of their symbols, and those files pass in an image with glibc 2.36 and on the host",
  { timeout: 900_000 },
  async (context) => {
    if (reason !== null) return context.skip(reason);
    using folder = temporaryFolder();
    await using engine = need(await startDockerd(folder.path));
    for (const [tag, tar] of Object.entries(images)) await engine.importImage(tar, "kiln-builder", tag);
    // For the isolated builds by the agent's own settings, and for the tests through the index of their run.
    await using index = await startUserIndex("hello", BUILDER_PYTHONS, REQUIREMENTS);
    await using farm = await Farm.start({
      executor: "host",
      slots: 2,
      agents: [],
      env: { KILN_UPSTREAM_INDEX: index.url },
    });

    await farm.startAgent("containers", {
      KILN_EXECUTOR: "docker",
      KILN_DOCKER_HOST: `unix://${engine.socketPath}`,
      KILN_DOCKER_IMAGE: "kiln-builder:bullseye",
      KILN_DOCKER_PULL: "never",
      // The engine has no bridge.
      KILN_DOCKER_NETWORK: "host",
      PIP_CONFIG_FILE: "/dev/null",
      PIP_FIND_LINKS: "",
      PIP_INDEX_URL: index.url,
    });
    const inImage = await submit(farm, "kiln-builder:bookworm");
    const built = await wheelsOf(farm, inImage);
    for (const { image, wheel, report, name } of built) {
      expect([name, image]).toEqual([name, "kiln-builder:bullseye"]);
      expect(wheel).toMatch(new RegExp(`-${TAG}\\.whl$`));
      expect(report).toMatchObject({
        policy: TAG,
        glibc: "2.29",
        grafted: [],
        foreignRpaths: [],
      });
      expect(report.extensions.map(({ path }) => path)).toEqual([expect.stringMatching(/^kiln_hello\/_sums\..*\.so$/)]);
    }
    expect((await testsOf(farm, inImage)).map(({ image }) => image)).toEqual(
      BUILDER_PYTHONS.map(() => "kiln-builder:bookworm"),
    );

    // The host takes the very files: its builds are those of the first run.
    await farm.agent("containers").stop();
    const pythons = join(folder.path, "pythons");
    mkdirSync(pythons);
    const folders = need(await unpackBuilderPythons(pythons));
    // After the machine's own, for those that it lacks.
    await farm.startAgent("host", { PATH: [process.env["PATH"], ...folders].join(delimiter) });
    const onHost = await submit(farm, null);
    expect(onHost.jobs.filter(({ kind }) => kind === "build").map(({ reusedFrom }) => reusedFrom?.run)).toEqual(
      BUILDER_PYTHONS.map(() => inImage.run),
    );
    const tests = await testsOf(farm, onHost);
    expect(tests.map(({ agent, image }) => [agent, image])).toEqual(BUILDER_PYTHONS.map(() => ["host", undefined]));
    const files = built.map(({ wheel, sha256 }) => `${wheel} ${sha256}`);
    for (const { log } of tests) expect(files.filter((file) => isIn(log, file))).toHaveLength(1);
  },
);

async function submit(farm: Farm, testImage: string | null): Promise<RunView> {
  const spec = `
kiln: 1
matrix: {os: [${PLATFORM}], python: ${JSON.stringify(BUILDER_PYTHONS)}}
build: {container: {image: "kiln-builder:bullseye"}}
test:
  requires: [pytest]
  files: [tests]
  command: python -m pytest -q tests
${testImage === null ? "" : `  container: {image: "${testImage}"}`}
`;
  const sdist = tarOfExample("hello-native");
  const run = await farm.api.submit({ spec, name: "kiln-hello", version: "1.0.0", sdist });
  const view = await farm.api.finished(run);
  for (const { name, outcome, summary, attempts } of view.jobs) {
    if (outcome === "passed") continue;
    const log = attempts === 0 ? "" : (await farm.api.log(run, name, attempts)).toString();
    throw new Error(`${name}: ${outcome}, ${summary}\n${log}`);
  }
  return view;
}

async function wheelsOf(farm: Farm, run: RunView) {
  return Promise.all(
    run.jobs
      .filter(({ kind }) => kind === "build")
      .map(async ({ name }) => {
        const { attempt, log } = await lastAttempt(farm, run, name);
        const report = attempt.reports.find((one): one is WheelReport => one.kind === "wheel");
        const [artifact] = attempt.artifacts;
        if (!report || !artifact) throw new Error(`${name} has no wheel with a report`);
        const { filename: wheel, sha256 } = artifact.blob;
        return { name, wheel, sha256, report, image: imageIn(log) };
      }),
  );
}

async function testsOf(farm: Farm, run: RunView) {
  return Promise.all(
    run.jobs
      .filter(({ kind }) => kind === "test")
      .map(async ({ name }) => {
        const { attempt, log } = await lastAttempt(farm, run, name);
        return { agent: attempt.agentName, image: imageIn(log), log };
      }),
  );
}

async function lastAttempt(farm: Farm, run: RunView, name: string) {
  const job: JobView = await farm.api.job(run.run, name);
  const attempt = job.history.at(-1);
  if (!attempt) throw new Error(`${name} has no attempt`);
  return { attempt, log: (await farm.api.log(run.run, name, attempt.attempt)).toString() };
}

function imageIn(log: string): string | undefined {
  return /kiln-builder:\w+/.exec(log)?.[0];
}

/** Whether a log tells of a file by name and digest. */
function isIn(log: string, file: string): boolean {
  return file.split(" ").every((part) => log.includes(part));
}

function need<T>(brought: Brought<T>): T {
  if (!brought.ok) throw new Error(brought.reason);
  return brought.value;
}
