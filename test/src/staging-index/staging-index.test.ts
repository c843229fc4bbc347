import { farmIdentityFiles } from "@kiln/identity";
import { temporaryFolder } from "@kiln/testkit";
import { afterAll, beforeAll, describe, expect, it, type TestContext } from "vitest";
import type { StagedView } from "@kiln/proto";
import { Farm } from "../farm/farm.ts";
import { pipInstaller, runTool, uvInstaller, type Installer } from "./installers.ts";
import { startLoopbackIndex, type LoopbackIndex } from "./loopback-index.ts";
import { makeWheels, pureSdist, type MadeWheel } from "./make-wheels.ts";
import { installTool, type PythonTool } from "./python-tools.ts";

// The index as real installers and a real uploader find it. The candidate is
// Demo_Pkg: 1.0, which needs helper-lib of another index; 1.1, yanked; 1.2 for
// Pythons that nobody has; 2.0rc1. On the other index somebody has put Demo_Pkg
// 99.0, a helper_lib 1.0 as it should be, and a greedy_lib that asks for Demo_Pkg 99.

const stack = new AsyncDisposableStack();
const scratch = stack.use(temporaryFolder("kiln-index-")).path;
let farm: Farm;
let upstream: LoopbackIndex;
let twine: PythonTool;
let candidate: readonly MadeWheel[];
let run: string;
/** Another run, with the pre-release alone. */
let ofReleaseCandidate: string;

beforeAll(async () => {
  upstream = stack.use(await startLoopbackIndex());
  const env = { KILN_UPSTREAM_INDEX: upstream.url };
  farm = stack.use(await Farm.start({ executor: "dummy", slots: 1, agents: [], env }));
  candidate = await makeWheels(scratch, [
    { name: "Demo_Pkg", version: "1.0", metadata: ["Requires-Python: >=3.6", "Requires-Dist: Helper.Lib"] },
    { name: "Demo_Pkg", version: "1.1" },
    { name: "Demo_Pkg", version: "1.2", metadata: ["Requires-Python: >=99"] },
    { name: "Demo_Pkg", version: "2.0rc1" },
  ]);
  const [helper, greedy, ...impostors] = await makeWheels(scratch, [
    { name: "helper_lib", version: "1.0" },
    { name: "greedy_lib", version: "1.0", metadata: ["Requires-Dist: demo-pkg>=99"] },
    { name: "demo_pkg", version: "99.0" },
    { name: "demo_pkg", version: "1.0", salt: "evil" },
  ]);
  if (!helper || !greedy) throw new Error("no wheel was made");
  upstream.projects.set("helper-lib", [helper]);
  upstream.projects.set("greedy-lib", [greedy]);
  upstream.projects.set("demo-pkg", impostors);
  twine = await installTool("twine");
  run = await submit();
  const staged = await upload(
    run,
    candidate.map(({ path }) => path),
  );
  expect(staged).toMatchObject({ ok: true });
  ofReleaseCandidate = await submit();
  expect(await upload(ofReleaseCandidate, [candidate[3]?.path ?? ""])).toMatchObject({ ok: true });
  await yank(run, "Demo_Pkg-1.1-py3-none-any.whl", "broken on big endian");
}, 180_000);
afterAll(() => stack.disposeAsync());

/** A run of the candidate Demo_Pkg, which nothing builds: there is no agent. */
function submit(): Promise<string> {
  const spec = 'kiln: 1\nmatrix: {os: [linux-x86_64], python: ["3.12"]}\n';
  return farm.api.submit({ spec, name: "Demo_Pkg", version: "1.0", sdist: Buffer.from("an sdist") });
}

function indexUrl(of = run, path = "simple/"): string {
  const url = new URL(`/index/${of}/any/${path}`, farm.coordinator.ready.httpUrl);
  url.username = "kiln";
  url.password = farm.token;
  return url.href;
}

function upload(of: string, paths: readonly string[]) {
  const url = new URL(indexUrl(of, "legacy/"));
  url.username = url.password = "";
  const env = { REQUESTS_CA_BUNDLE: farmIdentityFiles(farm.identity.folder).authority };
  const login = ["--repository-url", url.href, "--username", "anybody", "--password", farm.token];
  const args = ["-m", "twine", "--no-color", "upload", "--non-interactive", "--disable-progress-bar", "--verbose"];
  return runTool({ ...twine, env }, [...args, ...login, ...paths]);
}

async function yank(of: string, filename: string, reason: string): Promise<void> {
  const headers = { "content-type": "application/json" };
  const path = `/api/v1/runs/${of}/staged/${filename}/yank`;
  await farm.api.fetch(path, { method: "POST", headers, body: JSON.stringify({ reason }) });
}

async function staged(of: string): Promise<StagedView> {
  return (await (await farm.api.fetch(`/api/v1/runs/${of}/staged`)).json()) as StagedView;
}

const INSTALLERS: readonly (readonly [string, () => Promise<Installer | null>])[] = [
  ["pip 20.3", () => pipInstaller("20.3", scratch, farm.identity)],
  ["pip 23.0", () => pipInstaller("23.0", scratch, farm.identity)],
  ["the newest pip", () => pipInstaller("", scratch, farm.identity)],
  ["uv", () => uvInstaller(scratch, farm.identity)],
];

describe.each(INSTALLERS)("%s", (title, find) => {
  let installer: Installer | null;
  beforeAll(async () => void (installer = await find()), 180_000);
  const need = (context: TestContext): Installer => {
    if (installer) return installer;
    return context.skip(`no Python that is here can run ${title}`);
  };

  it("installs the newest final release that is not yanked and is for this Python, and what it needs from upstream", async (context) => {
    const { ok, installed, output } = await need(context).install(indexUrl(), ["demo-pkg"]);
    expect({ ok, output }).toMatchObject({ ok: true });
    expect(installed).toEqual(["Demo_Pkg-1.0.dist-info", "helper_lib-1.0.dist-info"]);
  });

  it("installs a yanked file that is asked for by its very version, and says why it was yanked (PEP 592)", async (context) => {
    const { installed, output } = await need(context).install(indexUrl(), ["demo-pkg==1.1"]);
    expect(installed).toEqual(["Demo_Pkg-1.1.dist-info"]);
    expect(output).toContain("broken on big endian");
  });

  it("installs a pre-release only when asked to, or when there is nothing else (PEP 440)", async (context) => {
    const pre = await need(context).install(indexUrl(), ["demo-pkg"], { pre: true });
    expect(pre.installed).toEqual(["Demo_Pkg-2.0rc1.dist-info"]);
    // A specifier that names a pre-release asks for one.
    for (const specifier of ["==2.0rc1", ">=2.0rc1"]) {
      const { installed } = await need(context).install(indexUrl(), [`demo-pkg${specifier}`]);
      expect([specifier, ...installed]).toEqual([specifier, "Demo_Pkg-2.0rc1.dist-info"]);
    }
    const only = await need(context).install(indexUrl(ofReleaseCandidate), ["demo-pkg"]);
    expect(only.installed).toEqual(["Demo_Pkg-2.0rc1.dist-info"]);
  });

  it("does not get the candidate from upstream, however its name is spelled and whoever asks for it", async (context) => {
    for (const name of ["Demo.Pkg", "demo_pkg", "DEMO--PKG"]) {
      const { installed } = await need(context).install(indexUrl(), [name]);
      expect(installed).toContain("Demo_Pkg-1.0.dist-info");
    }
    const { ok, installed } = await need(context).install(indexUrl(), ["demo_pkg==99.0"]);
    expect({ ok, installed }).toEqual({ ok: false, installed: [] });
    const greedy = await need(context).install(indexUrl(), ["greedy-lib"]);
    expect({ ok: greedy.ok, installed: greedy.installed }).toEqual({ ok: false, installed: [] });
    expect(upstream.asked.filter((name) => /demo/i.test(name))).toEqual([]);
  });
});

describe("twine", () => {
  it("stages files, and the same ones again", async () => {
    const other = await submit();
    const path = candidate[0]?.path ?? "";
    expect(await upload(other, [path])).toMatchObject({ ok: true });
    expect(await upload(other, [path])).toMatchObject({ ok: true });
    const { filename, sha256 } = candidate[0] ?? {};
    expect((await staged(other)).files).toMatchObject([
      { filename, sha256, variant: "any", version: "1.0", requiresPython: ">=3.6", job: null, yanked: null },
    ]);
  });

  it("is told that a file already exists when its bytes are others, in the words of other registries", async () => {
    const folder = stack.use(temporaryFolder("kiln-index-")).path;
    const [changed] = await makeWheels(folder, [{ name: "Demo_Pkg", version: "1.0", salt: "changed" }]);
    const refused = await upload(run, [changed?.path ?? ""]);
    expect(refused).toMatchObject({ ok: false, output: expect.stringContaining("File already exists") });
    const { files } = await staged(run);
    expect(files.find(({ version }) => version === "1.0")?.sha256).toBe(candidate[0]?.sha256);
  });

  it("cannot stage another project, or for a run that is not there", async () => {
    const [other] = await makeWheels(scratch, [{ name: "other", version: "1.0" }]);
    const refused = await upload(run, [other?.path ?? ""]);
    expect(refused).toMatchObject({ ok: false, output: expect.stringContaining("stages demo-pkg only") });
    expect(await upload("r999", [candidate[0]?.path ?? ""])).toMatchObject({
      ok: false,
      output: expect.stringContaining("there is no run r999"),
    });
  });
});

describe("the wheel that a passed build has made", () => {
  it("is on the index of its run, byte for byte, and installs from there", async (context) => {
    await using built = await Farm.start({ executor: "host", slots: 1 });
    const python = (await built.api.agents())[0]?.pythons.at(-1)?.feature;
    const spec = `kiln: 1\nmatrix: {os: available, python: ["${python}"]}\n`;
    const name = "kiln_staged";
    const of = await built.api.submit({ spec, name, version: "1.0", sdist: await pureSdist(scratch, name) });
    const view = await built.api.finished(of);
    expect(view).toMatchObject({ verdict: "pass" });
    const build = view.jobs.find(({ kind }) => kind === "build");
    const job = await built.api.job(of, build?.name ?? "");
    const wheel = job.history.at(-1)?.artifacts.find(({ role }) => role === "wheel")?.blob;
    const { files, refused } = (await (await built.api.fetch(`/api/v1/runs/${of}/staged`)).json()) as StagedView;
    expect({ files, refused }).toMatchObject({
      files: [{ filename: wheel?.filename, sha256: wheel?.sha256, job: build?.name, variant: "any" }],
      refused: [],
    });
    const pip = await pipInstaller("", scratch, built.identity);
    if (!pip) return context.skip("no Python that is here can run the newest pip");
    const index = new URL(`/index/${of}/any/simple/`, built.coordinator.ready.httpUrl);
    index.username = "kiln";
    index.password = built.token;
    expect((await pip.install(index.href, [name])).installed).toEqual(["kiln_staged-1.0.dist-info"]);
  });
});
