import { spawnSync } from "node:child_process";
import { createReadStream, readFileSync, writeFileSync } from "node:fs";
import { request } from "node:http";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { findProgram, startDaemon, type Brought, type Daemon } from "./daemon.ts";

/** A container engine of a test's own, apart from any that the machine has. */
export interface TestEngine extends AsyncDisposable {
  readonly name: "Docker" | "Podman";
  readonly socketPath: string;
  readonly process: Daemon["process"];
  /** Makes an image of a root folder packed as a .tar. */
  importImage(tar: string, repository: string, tag: string): Promise<void>;
}

const PODMAN_READY_MS = 10_000;
const POLL_MS = 50;

/**
 * A Docker Engine with folders of its own under `dir`, without a bridge and
 * without rules in the machine's firewall: its containers have no network, or
 * the machine's. Says in one line why there is none.
 */
export async function startDockerd(dir: string): Promise<Brought<TestEngine>> {
  const dockerd = findProgram("dockerd");
  if (dockerd === null) return { ok: false, reason: "dockerd is not installed (Debian: docker.io)" };
  if (process.getuid?.() !== 0) return { ok: false, reason: "dockerd needs root, and these tests do not run as root" };
  const socketPath = join(dir, "docker.sock");
  const folders = ["--data-root", join(dir, "data"), "--exec-root", join(dir, "exec"), "--pidfile", join(dir, "pid")];
  const network = ["--iptables=false", "--ip6tables=false", "--bridge=none", "--userland-proxy=false"];
  // A containerd of the machine's own may be used by its own dockerd too.
  const spaces = [
    "--containerd-namespace",
    `kiln-${process.pid}`,
    "--containerd-plugins-namespace",
    `kiln-p-${process.pid}`,
  ];
  const host = ["--host", `unix://${socketPath}`];
  const started = await startDaemon([dockerd, ...host, ...folders, ...network, ...spaces], (line) =>
    line.includes("API listen on"),
  );
  return started.ok ? { ok: true, value: testEngine("Docker", dir, socketPath, started.value) } : started;
}

/** Podman's service with the interface of Docker's, with folders of its own under `dir`. Says in one line why there is none. */
export async function startPodman(dir: string): Promise<Brought<TestEngine>> {
  const podman = findProgram("podman");
  if (podman === null) return { ok: false, reason: "podman is not installed (Debian: podman)" };
  if (process.getuid?.() !== 0)
    return { ok: false, reason: "this podman needs root, and these tests do not run as root" };
  const socketPath = join(dir, "podman.sock");
  const config = join(dir, "containers.conf");
  // Its defaults are above what a process without CAP_SYS_RESOURCE may give.
  writeFileSync(config, `[containers]\ndefault_ulimits = ["nofile=4096:4096", "nproc=8192:8192"]\n`);
  // Registries of tests speak plain HTTP, as Docker expects on the loopback address.
  const registries = join(dir, "registries.conf");
  writeFileSync(registries, `[[registry]]\nprefix = "127.0.0.1"\nlocation = "127.0.0.1"\ninsecure = true\n`);
  const folders = ["--root", join(dir, "root"), "--runroot", join(dir, "run"), "--tmpdir", join(dir, "tmp")];
  const options = [
    "--runtime",
    "runc",
    "--cgroup-manager",
    "cgroupfs",
    "--events-backend",
    "file",
    "--log-level",
    "info",
  ];
  const env = { ...process.env, CONTAINERS_CONF: config, CONTAINERS_REGISTRIES_CONF: registries };
  const service = ["system", "service", "--time=0", `unix://${socketPath}`];
  const started = await startDaemon(
    [podman, ...folders, ...options, ...service],
    (line) => /API service listening/i.test(line),
    env,
  );
  if (!started.ok) return started;
  const engine = testEngine("Podman", dir, socketPath, started.value);
  for (let waitedMs = 0; waitedMs < PODMAN_READY_MS; waitedMs += POLL_MS) {
    if ((await ping(socketPath)) === 200) return { ok: true, value: engine };
    await delay(POLL_MS);
  }
  await engine[Symbol.asyncDispose]();
  return { ok: false, reason: "podman's service does not answer" };
}

function testEngine(name: TestEngine["name"], dir: string, socketPath: string, daemon: Daemon): TestEngine {
  return {
    name,
    socketPath,
    process: daemon.process,
    importImage: (tar, repository, tag) => importImage(socketPath, tar, repository, tag),
    [Symbol.asyncDispose]: async () => {
      await daemon[Symbol.asyncDispose]();
      unmountUnder(dir);
    },
  };
}

function ping(socketPath: string): Promise<number> {
  return new Promise((resolve) => {
    const asked = request({ socketPath, path: "/_ping" }, (answer) => {
      answer.resume();
      resolve(answer.statusCode ?? 0);
    });
    asked.on("error", () => resolve(0));
    asked.end();
  });
}

function importImage(socketPath: string, tar: string, repository: string, tag: string): Promise<void> {
  const path = `/images/create?fromSrc=-&repo=${encodeURIComponent(`${repository}:${tag}`)}`;
  return new Promise((resolve, reject) => {
    const sent = request(
      { socketPath, path, method: "POST", headers: { "content-type": "application/x-tar" } },
      (answer) => {
        let text = "";
        answer.on("data", (chunk: Buffer) => (text += chunk.toString()));
        answer.on("end", () => {
          if (answer.statusCode === 200 && !text.includes('"error"')) resolve();
          else reject(new Error(`the image ${repository}:${tag} was not imported: ${text.trim()}`));
        });
      },
    );
    sent.on("error", reject);
    createReadStream(tar).on("error", reject).pipe(sent);
  });
}

/** An engine leaves its storage mounted, and whatever it was killed with. */
function unmountUnder(dir: string): void {
  const mounted = readFileSync("/proc/self/mounts", "utf8")
    .split("\n")
    .map((line) => line.split(" ")[1] ?? "")
    .filter((path) => path.startsWith(`${dir}/`));
  for (const path of mounted.sort().reverse()) spawnSync("sh", ["-c", `umount -l "${path}"`]);
}
