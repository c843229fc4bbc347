import { debianRootfs, startDockerd, temporaryFolder, type Brought } from "@kiln/testkit";
import { expect, it } from "vitest";
import { Farm } from "./farm.ts";
import { tarOfPureProject } from "./pure-project.ts";

/** Elsewhere an engine of a test's own cannot be started; here it must be. */
const reason =
  process.platform === "linux" && process.getuid?.() === 0
    ? null
    : "engines of a test's own are started on Linux and as root only";

it(
  "jobs run in the image that kiln.yaml names and with the network that it asks for",
  { timeout: 300_000 },
  async (context) => {
    if (reason !== null) return context.skip(reason);
    using folder = temporaryFolder();
    await using engine = need(await startDockerd(folder.path));
    const rootfs = need(await debianRootfs("bookworm"));
    for (const tag of ["owners", "named"]) await engine.importImage(rootfs, "kiln-test", tag);
    const env = {
      KILN_DOCKER_HOST: `unix://${engine.socketPath}`,
      KILN_DOCKER_IMAGE: "kiln-test:owners",
      KILN_DOCKER_PULL: "never",
      // The engine has no bridge.
      KILN_DOCKER_NETWORK: "host",
    };
    await using farm = await Farm.start({ executor: "docker", slots: 2, env });
    const [python] = (await farm.api.agents())[0]?.pythons ?? [];
    const spec = `
matrix: {os: [linux-x86_64], python: ["${python?.feature}"]}
build: {wheel: pure}
test: {container: {image: "kiln-test:named"}}
checks:
  - {name: closed, command: "! ${connect(farm)}"}
  - {name: open, command: "${connect(farm)}", container: {image: "kiln-test:named", network: open}}
`;
    const run = await farm.api.submit({ spec, name: "demo", version: "1.0", sdist: tarOfPureProject() });
    const { jobs } = await farm.api.finished(run);
    const images: Record<string, string | undefined> = {};
    for (const { name, outcome } of jobs) {
      const log = (await farm.api.log(run, name, 1)).toString();
      expect([name, outcome, log]).toEqual([name, "passed", log]);
      images[name.replace(/-cp3.*/, "")] = /kiln-test:\w+/.exec(log)?.[0];
    }
    expect(images).toEqual({
      "check-closed": "kiln-test:owners",
      "check-open": "kiln-test:named",
      "build-pure": "kiln-test:owners",
      test: "kiln-test:named",
    });
  },
);

/** A command that fails where the network of this machine is not there. */
function connect(farm: Farm): string {
  const { port } = new URL(farm.agentEnvironment("a1")["KILN_FARM_URL"] ?? "");
  return `python -c 'import socket; socket.create_connection((\\"127.0.0.1\\", ${port}), 5)'`;
}

function need<T>(brought: Brought<T>): T {
  if (!brought.ok) throw new Error(brought.reason);
  return brought.value;
}
