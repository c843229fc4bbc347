import { execFile } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { debianRootfs, startDockerd, temporaryFolder } from "@kiln/testkit";
import { expect, it } from "vitest";
import { parseAllDocuments } from "yaml";
import { buildBundle } from "../bundle/build-bundle.ts";

const DEPLOY = fileURLToPath(new URL("../../../deploy/", import.meta.url));
const run = promisify(execFile);

/** What the fields of these files may be; a field that is not there is undefined. */
interface Node {
  readonly [field: string]: Node;
  readonly [Symbol.iterator]: () => Iterator<Node>;
}

/** A field as text. */
const text = (node: Node | undefined): string => JSON.stringify(node);

/** Documents of a file; throws for what is not YAML. */
function documents(path: string): readonly Node[] {
  return parseAllDocuments(readFileSync(join(DEPLOY, path), "utf8"), { merge: true }).map((document) => {
    expect(document.errors).toEqual([]);
    return document.toJS() as Node;
  });
}

it("the agent's image runs as nobody, with the single executable and what the base has", async (context) => {
  using folder = temporaryFolder("kiln-image-test-");
  const dist = join(folder.path, "dist");
  const started = await startDockerd(folder.path);
  if (!started.ok) return context.skip(started.reason);
  await using engine = started.value;
  const base = await debianRootfs("bookworm");
  if (!base.ok) return context.skip(base.reason);
  await engine.importImage(base.value, "kiln-test", "base");
  await buildBundle(dist, ["--executable"]);
  const docker = async (...args: readonly string[]): Promise<string> => {
    // The builder of the engine itself, without a plugin of the client.
    const env = { ...process.env, DOCKER_HOST: `unix://${engine.socketPath}`, DOCKER_BUILDKIT: "0" };
    return (await run("docker", args, { env })).stdout;
  };
  const parts = ["--build-arg", "BASE=kiln-test:base", "--build-arg", "PACKAGES=", "--network", "none"];
  await docker("build", "--file", join(DEPLOY, "agent", "Dockerfile"), ...parts, "--tag", "kiln-agent", dist);
  const limits = ["--rm", "--network", "none", "--read-only", "--tmpfs", "/tmp", "--cap-drop", "ALL"];
  const script = "id -u && kiln-agent version && kiln-agent inventory";
  const said = await docker("run", ...limits, "--entrypoint", "sh", "kiln-agent", "-c", script);
  expect(said).toMatch(/^10001\n\d+\.\d+\.\d+\n\{/);
  const inventory: unknown = JSON.parse(said.slice(said.indexOf("{")));
  expect(inventory).toMatchObject({ os: "linux", osRelease: "debian-12", pythons: [{ feature: "3.11" }] });
  const config = JSON.parse(await docker("image", "inspect", "--format", "{{json .Config}}", "kiln-agent")) as object;
  expect(config).toMatchObject({ Cmd: ["service"], StopSignal: "SIGTERM", User: "10001:10001" });
});

it("pods of Kubernetes run as nobody with no rights, and join by a secret", () => {
  const files = readdirSync(join(DEPLOY, "kubernetes")).filter((name) => name.endsWith(".yaml"));
  const resources = files.flatMap((name) => documents(join("kubernetes", name)));
  const title = ({ apiVersion, kind }: Node): string => `${text(apiVersion)} ${text(kind)}`;
  expect(resources.map(title).toSorted()).toEqual(['"apps/v1" "DaemonSet"', '"batch/v1" "Job"']);
  for (const resource of resources) {
    const { spec } = resource;
    const pod = spec?.["template"]?.["spec"];
    expect(pod?.["securityContext"]).toMatchObject({ runAsNonRoot: true, runAsUser: 10001 });
    expect(pod?.["automountServiceAccountToken"]).toBe(false);
    const [agent] = [...(pod?.["containers"] ?? [])];
    expect(agent?.["securityContext"]).toEqual({ allowPrivilegeEscalation: false, capabilities: { drop: ["ALL"] } });
    const key = { name: "kiln-join", key: "token" };
    expect([...(agent?.["env"] ?? [])]).toContainEqual({
      name: "KILN_JOIN_TOKEN",
      valueFrom: { secretKeyRef: key },
    });
    expect(JSON.stringify(resource)).not.toContain("kiln_join_");
    const names = (list: Node | undefined) => [...(list ?? [])].map(({ name }) => name);
    expect(names(pod?.["volumes"])).toEqual(names(agent?.["volumeMounts"]));
  }
  const [daemons, job] = ["DaemonSet", "Job"].map(
    (kind) => resources.find((one) => text(one["kind"]) === JSON.stringify(kind))?.["spec"],
  );
  expect(daemons?.["selector"]?.["matchLabels"]).toEqual(daemons?.["template"]?.["metadata"]?.["labels"]);
  expect(job?.["template"]?.["spec"]).toMatchObject({ restartPolicy: "Never", containers: [{ args: ["run"] }] });
});

it("the compose file has a farm, an agent and one with GPUs, whose builds name files that are there", () => {
  const services = documents("compose.yaml")[0]?.["services"];
  expect(Object.keys(services ?? {})).toEqual(["farm", "agent", "agent-cuda"]);
  for (const service of Object.values(services ?? {})) {
    const { context, dockerfile } = service["build"] as unknown as { context: string; dockerfile: string };
    // A path of a Dockerfile begins at its context.
    expect(readFileSync(join(DEPLOY, context, dockerfile), "utf8")).toContain("FROM ");
    expect([service["security_opt"], service["cap_drop"]]).toEqual([["no-new-privileges:true"], ["ALL"]]);
  }
  expect(services?.["agent-cuda"]?.["environment"]).toEqual(services?.["agent"]?.["environment"]);
  expect(text(services?.["agent-cuda"]?.["build"]?.["args"])).toContain("cuda");
  for (const port of services?.["farm"]?.["ports"] ?? []) expect(port).toMatch(/^127\.0\.0\.1:/);
});
