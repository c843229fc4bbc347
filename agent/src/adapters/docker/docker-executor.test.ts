import { chmodSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { job as wire } from "@kiln/proto";
import {
  debianRootfs,
  REGISTRY_PASSWORD,
  REGISTRY_USER,
  startDockerd,
  startPodman,
  startRegistry,
  temporaryFolder,
  type Brought,
  type TestEngine,
} from "@kiln/testkit";
import type Docker from "dockerode";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Blob, ContainerWish, Job } from "../../domain/job.ts";
import { executorContract } from "../../ports/executor.contract.ts";
import { dockerBench, type DockerBenchOptions } from "../../testing/docker-bench.ts";
import { BENCH_AGENT, type HostBench } from "../../testing/host-bench.ts";
import { LocalBlobs } from "../../testing/local-blobs.ts";
import { packPurePackage } from "../../testing/pure-package.ts";
import { indexAccess } from "../../testing/index-access.ts";
import { makeMeasured, measuredWork } from "../../testing/measured-package.ts";
import { makeWheel, serveIndex } from "../../testing/simple-index.ts";
import { builtFacts, packTorchPackage } from "../../testing/torch-package.ts";
import type { DockerSettings } from "./docker-executor.ts";
import { openEngine } from "./engine.ts";

const { Outcome } = wire;
const SETUP_MS = 300_000;

/** Elsewhere an engine of a test's own cannot be started; here it must be. */
const reason =
  process.platform === "linux" && process.getuid?.() === 0
    ? null
    : "engines of a test's own are started on Linux and as root only";

const engines = [
  ["Docker", startDockerd],
  ["Podman", startPodman],
] as const;

describe.each(engines)("with the engine of %s", { timeout: 60_000 }, (name, start) => {
  if (reason !== null) {
    return test("jobs run in containers", (context) => {
      context.skip(reason);
      expect(reason).toBeNull();
    });
  }
  const stack = new AsyncDisposableStack();
  const folder = stack.use(temporaryFolder()).path;
  const blobs = new LocalBlobs();
  let engine: TestEngine;
  let docker: Docker;
  let bench: HostBench;
  let source: Blob;

  beforeAll(async () => {
    engine = stack.use(need(await start(folder)));
    docker = openEngine(engine.socketPath);
    await engine.importImage(need(await debianRootfs("bookworm")), "kiln-test", "bookworm");
    bench = newBench();
    source = blobs.add(packPurePackage(folder));
  }, SETUP_MS);
  afterAll(() => stack.disposeAsync(), SETUP_MS);

  function newBench(settings: Partial<DockerSettings> = {}, changes: Partial<DockerBenchOptions> = {}): HostBench {
    const { socketPath } = engine;
    const options = { socketPath, blobs, stateFolder: join(folder, "state"), settings, ...changes };
    return stack.use(dockerBench(options));
  }

  function command(text: string, container: ContainerWish = {}, changes: Partial<Job> = {}): Job {
    const limits = { timeoutMs: 60_000, logBytesMax: 1_000_000 };
    const check = { kind: "command", command: text, source, files: ["tests"] } as const;
    const work = { kind: "command", check, requires: [], wheel: null } as const;
    return { name: "job", python: "3.11", env: {}, limits, work, container, ...changes };
  }

  const containers = (): Promise<Docker.ContainerInfo[]> => docker.listContainers({ all: true });

  executorContract(`docker (${name})`, () =>
    Promise.resolve({
      python: "3.11",
      blobs,
      bench: (clock) => newBench({}, clock ? { clock } : {}),
    }),
  );

  test("a command has no privileges and no way to any, and is who the agent is", async () => {
    const { finished, log } = await bench.run(command("id -u; id -g; cat /proc/self/status"));
    expect(finished.outcome).toBe(Outcome.PASSED);
    expect(log).toContain(`${process.getuid?.()}\n${process.getgid?.()}\n`);
    for (const set of ["CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"])
      expect(log).toContain(`${set}:\t${"0".repeat(16)}\n`);
    expect(log).toContain("NoNewPrivs:\t1\n");
    expect(await containers()).toEqual([]);
  });

  test("a command can write into its own folders and into memory, and nowhere else", async () => {
    const tries = `
      for path in /etc/x /usr/bin/x /opt/x "$PWD/../source/x" "$PWD/../files/x" /kiln-x; do
        if (echo x > "$path") 2>/dev/null; then echo "written: $path"; fi
      done
      for path in "$PWD/x" "$TMPDIR/x" "$HOME/x" /tmp/x /dev/shm/x; do
        if ! (echo x > "$path") 2>/dev/null; then echo "not written: $path"; fi
      done
      ls "$PWD/.."`;
    const { log } = await bench.run(command(tries));
    expect(log).not.toMatch(/^(?:not )?written: /m);
    // The folder of built wheels is not even there for a command.
    expect(log).toMatch(/^env\nfiles\nresults\nsource\ntest\ntmp$/m);
  });

  test("a command has no network unless its job asks", async () => {
    const look = "ls /sys/class/net | tr '\\n' ' '";
    expect((await bench.run(command(look))).log).toMatch(/^lo $/m);
    const open = await bench.run(command("cat /proc/net/route", { network: "open" }));
    const closed = await bench.run(command("cat /proc/net/route"));
    expect(open.log.split("\n").length).toBeGreaterThan(closed.log.split("\n").length);
  });

  test("a command that takes more memory than its limit ends as out of resources, and says so", async () => {
    const hungry = "python -c 'x = bytearray(2 * 1024 ** 3); print(len(x))'";
    const { finished } = await bench.run(command(`exec ${hungry}`));
    expect(finished.outcome).toBe(Outcome.OUT_OF_RESOURCES);
    // Only Docker tells of it when the command goes on without the process that was killed.
    if (name !== "Docker") return;
    const hidden = await bench.run(command(`${hungry} || exit 1`));
    expect(hidden.finished.outcome).toBe(Outcome.OUT_OF_RESOURCES);
    expect(hidden.log).toContain("the container reached its memory limit of 1 GiB\n");
  });

  test("a command cannot start more processes than its limit", async () => {
    const few = newBench({ limits: { memoryBytes: 1024 ** 3, cpus: 1, pidsMax: 40 } });
    const { log } = await few.run(command("i=0; while [ $i -lt 100 ]; do sleep 30 & i=$((i+1)); done; echo all"));
    expect(log).toMatch(/[Cc]annot fork/);
    expect(log).not.toMatch(/^all$/m);
  });

  test("a job gets neither the agent's environment nor its HOME", async () => {
    process.env["KILN_SECRET_OF_TEST"] = "secret";
    process.env["SECRET_OF_TEST"] = "secret";
    const { log } = await bench.run(command("env; echo home $HOME", {}, { env: { GREETING: "hello" } }));
    delete process.env["KILN_SECRET_OF_TEST"];
    delete process.env["SECRET_OF_TEST"];
    expect(log).not.toContain("secret");
    expect(log).toContain("GREETING=hello\n");
    expect(log).toMatch(/^home .*\/tmp$/m);
  });

  test("an image without the Python that a job needs says which it has", async () => {
    const { finished } = await bench.run(command("true", {}, { python: "3.99" }));
    expect(finished).toMatchObject({
      outcome: Outcome.INFRASTRUCTURE,
      summary: "the image kiln-test:bookworm has no CPython 3.99; it has 3.11.2",
    });
  });

  test("an image of the job's own that is none is the spec's fault", async () => {
    const { finished } = await newBench({ pull: "never" }).run(command("true", { image: "no-such-image:1" }));
    expect(finished).toMatchObject({
      outcome: Outcome.BAD_SPEC,
      summary: "no-such-image:1 is not here, and pulling is off",
    });
    const bad = await bench.run(command("true", { image: "No Image" }));
    expect(bad.finished).toMatchObject({
      outcome: Outcome.BAD_SPEC,
      summary: '"No Image" is no reference to an image',
    });
  });

  test("an agent removes its own containers at its start, and no others", async () => {
    const create = (agent: string): Promise<Docker.Container> =>
      docker.createContainer({ Image: "kiln-test:bookworm", Cmd: ["sleep", "1000"], Labels: { "kiln.agent": agent } });
    const [own, other] = [await create(BENCH_AGENT), await create("another-agent")];
    await own.start();
    await newBench().executor.clearLeftovers([]);
    expect((await containers()).map(({ Id: id }) => id)).toEqual([other.id]);
    await other.remove({ force: true });
  });

  describe("and a registry that wants to know who asks", () => {
    let host: string;
    let auth: Docker.AuthConfig;

    beforeAll(async () => {
      host = stack.use(need(await startRegistry(folder))).host;
      auth = { username: REGISTRY_USER, password: REGISTRY_PASSWORD, serveraddress: host };
      for (const tag of ["one", "two"]) await publish(tag);
    }, SETUP_MS);

    /** Pushes an image of its own under a tag and forgets it here; returned is the digest that the registry gives it. */
    async function publish(tag: string): Promise<string> {
      const container = await docker.createContainer({ Image: "kiln-test:bookworm", Cmd: ["true"] });
      await docker
        .getContainer(container.id)
        .commit({ repo: `${host}/kiln/python`, tag, comment: `${tag} ${Date.now()}` });
      await container.remove();
      const image = docker.getImage(`${host}/kiln/python:${tag}`);
      const stream = await image.push({ authconfig: auth, ...(name === "Podman" ? { tlsVerify: false } : {}) });
      let text = "";
      for await (const chunk of stream) text += String(chunk);
      if (/"error"/.test(text)) throw new Error(text);
      await image.remove({ force: true });
      // What an engine calls its digest before a push need not be what the registry then has.
      const answer = await fetch(`http://${host}/v2/kiln/python/manifests/${tag}`, {
        method: "HEAD",
        headers: {
          authorization: `Basic ${btoa(`${REGISTRY_USER}:${REGISTRY_PASSWORD}`)}`,
          accept: "application/vnd.docker.distribution.manifest.v2+json, application/vnd.oci.image.manifest.v1+json",
        },
      });
      const digest = `${host}/kiln/python@${answer.headers.get("docker-content-digest")}`;
      return digest;
    }

    function dockerConfig(config: object): NodeJS.ProcessEnv {
      const path = stack.use(temporaryFolder()).path;
      writeFileSync(join(path, "config.json"), JSON.stringify(config));
      return { ...process.env, DOCKER_CONFIG: path };
    }

    const login = (): NodeJS.ProcessEnv =>
      dockerConfig({ auths: { [host]: { auth: btoa(`${REGISTRY_USER}:${REGISTRY_PASSWORD}`) } } });

    test("an image is pulled with the user's password, and its digest is in the log", async () => {
      const local = newBench({}, { env: login(), stateFolder: join(folder, "pulls") });
      const image = `${host}/kiln/python:one`;
      const first = await local.run(command("true", { image }));
      expect(first.finished).toMatchObject({ outcome: Outcome.PASSED, summary: "" });
      expect(first.log).toContain(`pulling ${image} from ${host}\n`);
      expect(first.log).toMatch(/pulling \S+: \d+ of \d+ layers/);
      expect(first.log).toMatch(new RegExp(`image ${host}/kiln/python@sha256:[0-9a-f]{64}\n`));
      expect(first.steps[0]).toBe(`prepare the image ${image}`);
      const second = await local.run(command("true", { image }));
      expect(second.log).not.toContain("pulling");
      expect(second.log).toContain(/image \S+@sha256:\S+\n/.exec(first.log)![0]);
      expect(second.pythonVersion).toBe("3.11.2");
    });

    test("a tag that moves while it is asked for again gives each job one digest, and its log names it", async () => {
      const local = newBench({ pull: "always" }, { env: login(), stateFolder: join(folder, "always") });
      const image = `${host}/kiln/python:moving`;
      for (let times = 0; times < 2; times++) {
        const digest = await publish("moving");
        const { log, finished } = await local.run(command("true", { image }));
        expect(finished.outcome).toBe(Outcome.PASSED);
        expect(log).toContain(`image ${digest}\n`);
      }
    });

    test("an image named by its digest is that one wherever its tag has moved to", async () => {
      const [first, second] = [await publish("pinned"), await publish("pinned")];
      expect(second).not.toBe(first);
      const local = newBench({}, { env: login(), stateFolder: join(folder, "pinned") });
      const { log, finished } = await local.run(command("true", { image: first }));
      expect(finished).toMatchObject({ outcome: Outcome.PASSED, summary: "" });
      expect(log).toContain(`image ${first}\n`);
    });

    test("a credential helper is asked, and no password reaches the log", async () => {
      const programs = stack.use(temporaryFolder()).path;
      const program = join(programs, "docker-credential-kiln-test");
      const answer = JSON.stringify({ ServerURL: host, Username: REGISTRY_USER, Secret: REGISTRY_PASSWORD });
      writeFileSync(program, `#!/bin/sh\nread server\n[ "$1 $server" = "get ${host}" ] && echo '${answer}'\n`);
      chmodSync(program, 0o755);
      const env = {
        ...dockerConfig({ credHelpers: { [host]: "kiln-test" } }),
        PATH: `${programs}:${process.env["PATH"]}`,
      };
      const local = newBench({}, { env, stateFolder: join(folder, "helper") });
      const { finished, log } = await local.run(command("true", { image: `${host}/kiln/python:two` }));
      expect(finished).toMatchObject({ outcome: Outcome.PASSED, summary: "" });
      expect(log).not.toContain(REGISTRY_PASSWORD);
    });

    test("without a password, or with a wrong one, the registry's refusal is the summary", async () => {
      for (const [auths, reason] of [
        [{}, "there are no credentials for it"],
        [{ [host]: { auth: btoa("kiln-user:wrong") } }, "the credentials for it were refused"],
      ] as const) {
        const local = newBench({}, { env: dockerConfig({ auths }) });
        const { finished } = await local.run(command("true", { image: `${host}/kiln/python:three` }));
        expect(finished).toMatchObject({ outcome: Outcome.INFRASTRUCTURE });
        expect(finished.summary).toMatch(/three could not be pulled: /);
        expect(finished.summary).toContain(reason);
      }
      const local = newBench({}, { env: login() });
      const { finished } = await local.run(command("true", { image: `${host}/kiln/python:three` }));
      expect(finished).toMatchObject({ outcome: Outcome.BAD_SPEC });
      expect(finished.summary).toMatch(/three could not be pulled: .*(?:manifest unknown|not found)/);
    });

    test("past the limit the least recently used image that Kiln pulled goes, and never another's", async () => {
      const stateFolder = join(folder, "cache");
      for (const tag of ["a", "b"]) await publish(tag);
      const local = newBench({ imageCacheBytesMax: 1 }, { env: login(), stateFolder });
      const has = async (image: string): Promise<boolean> =>
        docker
          .getImage(image)
          .inspect()
          .then(
            () => true,
            () => false,
          );
      const [a, b] = [`${host}/kiln/python:a`, `${host}/kiln/python:b`];
      expect((await local.run(command("true", { image: a }))).finished).toMatchObject({ outcome: Outcome.PASSED });
      // It is removed when nothing uses it any more; the next job makes sure that this has been done.
      await local.executor.clearLeftovers([]);
      expect(await has(a)).toBe(false);
      expect((await local.run(command("true", { image: b }))).finished).toMatchObject({ outcome: Outcome.PASSED });
      await local.executor.clearLeftovers([]);
      expect([await has(b), await has("kiln-test:bookworm")]).toEqual([false, true]);
    });
  });

  test("a build against a PyTorch has it from this machine's loopback address, and then no network", async () => {
    const wheels = await Promise.all(
      [
        { name: "torch", version: "2.1.2+cpu", text: '__version__ = "2.1.2+cpu"\n' },
        { name: "kiln-helper", version: "1.0", text: "" },
        { name: "kiln-late", version: "1.0", text: "" },
      ].map((wheel) => makeWheel("python3", folder, wheel)),
    );
    await using index = await serveIndex("/index/r1/cpu/simple/", "password-of-the-reader", wheels);
    const indexes = indexAccess(index.url, "password-of-the-reader");
    const local = newBench({ network: "none" }, { indexes });
    const wish = {
      kind: "pure",
      torch: { version: "2.1.2", variant: "cpu" },
      cuda: null,
      index: "any",
      localVersion: "cpu",
      cxx11Abi: null,
      archList: [],
      policy: null,
    } as const;
    const work = {
      kind: "build",
      source: blobs.add(packTorchPackage(folder)),
      candidate: { name: "kiln-pure", version: "1.0" },
      configSettings: {},
      frontend: "pip",
      checkReproducible: true,
      wheel: wish,
    } as const;
    const { finished, log, artifacts } = await local.run(command("", {}, { work }));
    expect(finished, log).toMatchObject({ outcome: Outcome.PASSED, summary: "" });
    expect(builtFacts(log).torch).toBe("2.1.2+cpu");
    expect(log).toContain("a second build, in another folder, made the same bytes");
    expect(log).not.toContain("password-of-the-reader");
    expect(artifacts[0]?.blob?.filename).toBe("kiln_pure-1.0+cpu-py3-none-any.whl");
    const cuda = { ...work, wheel: { ...wish, cuda: "11.8" } };
    const without = await local.run(command("", { image: "kiln-test:bookworm" }, { work: cuda }));
    expect(without.finished).toMatchObject({ outcome: Outcome.BAD_SPEC });
    expect(without.finished.summary).toContain("there is no CUDA 11.8 toolkit where this build runs; there is none");
  });

  // What it has of the folders is not the engine's affair: once is enough.
  if (name === "Docker") {
    test("a benchmark is measured beside a release of the index that the owner's pip is set to use", async () => {
      const [old = "", candidate = ""] = await makeMeasured("python3", folder, ["1.0", "2.0"]);
      await using run = await serveIndex("/index/r1/any/simple/", "of-the-reader", [candidate]);
      await using owner = await serveIndex("/simple/", "of-the-owner", [old]);
      const env = { PIP_INDEX_URL: `${owner.url.replace("//", "//kiln:of-the-owner@")}/simple/` };
      const local = newBench({ network: "host" }, { indexes: indexAccess(run.url, "of-the-reader"), env });
      const work = measuredWork(blobs.add(candidate), { kind: "index", version: null, sha256: null });
      const { finished, log, measureReport, artifacts } = await local.run(command("", {}, { work }));
      expect(finished, log).toMatchObject({ outcome: Outcome.PASSED });
      expect(measureReport).toMatchObject({ baseline: "1.0" });
      expect(artifacts.map(({ blob }) => String(blobs.get(blob?.sha256 ?? "")))).toEqual(['"1.0"', '"2.0"']);
    });
  }

  test("pips of images that are gone are removed at the start", async () => {
    const pips = join(folder, "state", "pips");
    mkdirSync(join(pips, `${"0".repeat(24)}-${"0".repeat(12)}`));
    await newBench().executor.clearLeftovers([]);
    const left = readdirSync(pips);
    expect(left).toHaveLength(1);
    expect(left[0]).not.toMatch(/^0{24}/);
  });

  test("an engine that is gone is a matter of infrastructure, and of the agent's start", async () => {
    const gone = newBench({ socketPath: join(folder, "nobody.sock") });
    const { finished } = await gone.run(command("true"));
    expect(finished.outcome).toBe(Outcome.INFRASTRUCTURE);
    expect(finished.summary).toContain("the container engine does not answer");
    await expect(gone.executor.clearLeftovers([])).rejects.toThrow(/nobody\.sock does not answer/);
  });
});

/** These tests are about real engines: where there is none, they fail and say what is missing. */
function need<T>(brought: Brought<T>): T {
  if (!brought.ok) throw new Error(brought.reason);
  return brought.value;
}
