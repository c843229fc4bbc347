import { expect, test } from "vitest";
import { jobNamed, jobsOf, planned, pythons, specOf, specWith, withWheels } from "./testing.ts";

const DEBIAN = { image: "debian:12", network: "open" } as const;
const CELL = "cp310-linux-x86_64";

/** A plan of one Linux cell with these parts of a kiln.yaml. */
const planOf = (text: string) => planned({ spec: specOf(`matrix: {os: [linux-x86_64], python: ["3.10"]}\n${text}`) });

test("a spec without containers asks for none, and any agent can run its jobs", () => {
  for (const job of planOf("checks: [{name: a, command: x}]").jobs) {
    expect(job.container).toBeNull();
    expect(job.requirement.container).toBe(false);
  }
});

test("each kind of job has the container that its part of the spec names, and needs an agent with containers", () => {
  const container = "container: {image: debian:12, network: open}";
  const plan = planOf(
    `build: {${container}}\ntest: {${container}}\nchecks: [{name: a, command: x, ${container}}]\n` +
      `scans: [{name: a, command: x, ${container}}]\nbench: {command: x, ${container}}`,
  );
  expect(plan.jobs.map(({ kind }) => kind)).toEqual(["check", "build", "scan", "test", "bench"]);
  for (const job of plan.jobs) {
    expect([job.kind, job.container]).toEqual([job.kind, { ...DEBIAN, manylinux: null }]);
    expect([job.kind, job.requirement.container]).toEqual([job.kind, true]);
  }
});

test("a container of one kind of job is not that of another", () => {
  const plan = planOf("test: {container: {image: debian:12}}\nchecks: [{name: a, command: x}]");
  expect(jobNamed(plan, `test-${CELL}`).container).toEqual({ image: "debian:12", manylinux: null, network: "none" });
  for (const name of [`build-${CELL}`, "check-a"]) expect(jobNamed(plan, name).container).toBeNull();
});

test("a build asks for the image of its wheel's policy, which agents without containers pass over", () => {
  const policy = planned({ spec: withWheels(specWith(), { policy: "manylinux_2_28" }) });
  const build = jobNamed(policy, `build-${CELL}`);
  expect(build.container).toEqual({ image: null, manylinux: "manylinux_2_28", network: "none" });
  expect(build.requirement.container).toBe(false);
  expect(jobNamed(policy, `test-${CELL}`).container).toBeNull();
});

test("a network without an image is asked for, and any agent can run the job", () => {
  const open = jobNamed(planOf("test: {container: {network: open}}"), `test-${CELL}`);
  expect(open.container).toEqual({ image: null, manylinux: null, network: "open" });
  expect(open.requirement.container).toBe(false);
});

test("jobs on macOS and Windows have no container", () => {
  const spec = specWith({ os: ["linux-x86_64", "macos-arm64", "windows-x86_64"], python: pythons("3.10") });
  const plan = planned({
    spec: { ...spec, build: { ...spec.build, container: DEBIAN }, test: { ...spec.test, container: DEBIAN } },
  });
  for (const job of [...jobsOf(plan, "build"), ...jobsOf(plan, "test")]) {
    const isLinux = job.requirement.platform === "linux-x86_64";
    expect([job.name, job.container !== null, job.requirement.container]).toEqual([job.name, isLinux, isLinux]);
  }
});

test("what a container asks for is part of the keys of the jobs that run in it and of the tests of what is built in it", () => {
  const keysOf = (text: string) => {
    const plan = planOf(text);
    return { build: jobNamed(plan, `build-${CELL}`).key, test: jobNamed(plan, `test-${CELL}`).key };
  };
  const plain = keysOf("");
  expect(keysOf("build: {container: {network: none}}\ntest: {container: }")).toEqual(plain);
  const tested = keysOf("test: {container: {image: debian:12}}");
  expect(tested.build).toBe(plain.build);
  const all = [
    plain.test,
    tested.test,
    keysOf("test: {container: {image: debian:11}}").test,
    keysOf("test: {container: {image: debian:12, network: open}}").test,
    keysOf("test: {container: {network: open}}").test,
    keysOf("build: {container: {image: debian:12}}").test,
  ];
  expect(new Set(all).size).toBe(all.length);
  expect(keysOf("build: {container: {image: debian:12}}").build).not.toBe(plain.build);
});
