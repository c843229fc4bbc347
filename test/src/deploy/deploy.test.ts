import { execFile } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
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

it("the compose file brings up the farm, agents, Prometheus and Grafana by files that are there", () => {
  const compose = documents("compose.yaml")[0];
  const services = compose?.["services"];
  const names = ["farm", "prepare", "agent", "agent-cuda", "prometheus", "grafana"];
  expect(Object.keys(services ?? {})).toEqual(names);
  const volumes = Object.keys(compose?.["volumes"] ?? {});
  for (const service of Object.values(services ?? {})) {
    if (service["build"]) {
      const { context, dockerfile } = service["build"] as unknown as { context: string; dockerfile: string };
      // A path of a Dockerfile begins at its context.
      expect(readFileSync(join(DEPLOY, context, dockerfile), "utf8")).toContain("FROM ");
    } else expect(service["image"]).toMatch(/:v?\d+\.\d+\.\d+$/);
    expect([service["security_opt"], service["cap_drop"]]).toEqual([["no-new-privileges:true"], ["ALL"]]);
    for (const mount of service["volumes"] as unknown as readonly string[]) {
      const [source = ""] = mount.split(":");
      if (source.startsWith("./")) expect(existsSync(join(DEPLOY, source)), mount).toBe(true);
      else if (!source.startsWith("/")) expect(volumes, mount).toContain(source);
    }
    for (const port of service["ports"] ?? []) expect(port).toMatch(/^127\.0\.0\.1:/);
    for (const name of Object.keys(service["depends_on"] ?? {})) {
      if (!Array.isArray(service["depends_on"])) expect(names).toContain(name);
    }
  }
  expect(services?.["agent-cuda"]?.["environment"]).toEqual(services?.["agent"]?.["environment"]);
  expect(text(services?.["agent-cuda"]?.["build"]?.["args"])).toContain("cuda");
});

it("in the compose file Prometheus has the farm's authority and not its keys, and Grafana what its files ask for", () => {
  const services = documents("compose.yaml")[0]?.["services"];
  const mounts = (name: string) => (services?.[name]?.["volumes"] ?? []) as unknown as readonly string[];
  const targetOf = (name: string, source: string): string | undefined =>
    mounts(name)
      .find((mount) => mount.startsWith(`${source}:`))
      ?.split(":")[1];
  const [scraped] = [...(documents("prometheus/prometheus.yml")[0]?.["scrape_configs"] ?? [])];
  expect(scraped?.["tls_config"]?.["ca_file"]).toBe(`${targetOf("prometheus", "authority")}/ca.pem`);
  expect(scraped?.["authorization"]?.["credentials_file"]).toBe(`${targetOf("prometheus", "watch")}/token`);
  expect(text(scraped?.["static_configs"])).toContain('"farm:8270"');
  for (const name of ["prometheus", "grafana", "agent"]) expect(targetOf(name, "farm")).toBeUndefined();
  const written = text(services?.["prepare"]?.["command"]);
  for (const source of ["authority", "join", "watch"]) expect(written).toContain(targetOf("prepare", source));
  expect(text(services?.["agent"]?.["entrypoint"])).toContain(`${targetOf("agent", "join")}/token`);
  const [provider] = [...(documents("grafana/provisioning/dashboards/kiln.yaml")[0]?.["providers"] ?? [])];
  expect(provider?.["options"]?.["path"]).toBe(targetOf("grafana", "./grafana/dashboards"));
  const [source] = [...(documents("grafana/provisioning/datasources/kiln.yaml")[0]?.["datasources"] ?? [])];
  expect(source?.["url"]).toBe("${KILN_PROMETHEUS_URL}");
  expect(services?.["grafana"]?.["environment"]?.["KILN_PROMETHEUS_URL"]).toBe("http://prometheus:9090");
});
