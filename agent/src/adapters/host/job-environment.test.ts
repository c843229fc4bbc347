import { delimiter, join } from "node:path";
import { expect, test } from "vitest";
import { binFolder, jobEnvironment } from "./job-environment.ts";

const facts = {
  inherited: { PATH: "/usr/bin", HOME: "/home/me" },
  job: {},
  wheel: null,
  cookie: "agent/1.0.1",
  temporaryFolder: "/job/tmp",
  virtualEnv: null,
};

test("a job does not see the farm's token, nor settings that lead Python or pip elsewhere", () => {
  const secret = {
    KILN_TOKEN: "t",
    KILN_NATS_URL: "n",
    PYTHONPATH: "/x",
    PYTHONHOME: "/y",
    VIRTUAL_ENV: "/v",
    PIP_TARGET: "/t",
    PIP_USER: "1",
  };
  const env = jobEnvironment({ ...facts, inherited: { ...facts.inherited, ...secret } });
  for (const name of Object.keys(secret)) if (name !== "PIP_USER") expect(env).not.toHaveProperty(name);
  expect(env["PIP_USER"]).toBe("0");
});

test("a job keeps the machine's index, certificates, proxies and home", () => {
  const kept = { PIP_INDEX_URL: "https://index", PIP_CERT: "/ca.pem", HTTPS_PROXY: "http://p", HOME: "/home/me" };
  expect(jobEnvironment({ ...facts, inherited: kept })).toMatchObject(kept);
});

test("a job's own variables win over inherited ones, not over what tells its processes", () => {
  const job = { HOME: "/elsewhere", PYTHONUNBUFFERED: "", KILN_ATTEMPT: "mine", TMPDIR: "/tmp" };
  expect(jobEnvironment({ ...facts, job })).toMatchObject({
    HOME: "/elsewhere",
    PYTHONUNBUFFERED: "",
    KILN_ATTEMPT: "agent/1.0.1",
    TMPDIR: "/job/tmp",
  });
});

test("the environment's programs come first, also before a PATH of the job's", () => {
  const virtualEnv = join("/job", "env");
  const env = jobEnvironment({ ...facts, job: { PATH: "/job/bin" }, virtualEnv });
  expect(env["PATH"]).toBe([binFolder(virtualEnv), "/job/bin"].join(delimiter));
  expect(env["VIRTUAL_ENV"]).toBe(virtualEnv);
});
