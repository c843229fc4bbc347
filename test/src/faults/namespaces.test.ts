import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { createServer, type AddressInfo } from "node:net";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { breakLink } from "./link.ts";
import { Network, namespacesMissing, type Namespace } from "./namespaces.ts";

/** Whether a connection from the namespace comes about within half a second. The kernel answers for the listener. */
function reaches(from: Namespace, host: string, port: number): boolean {
  const script = `const socket = require("node:net").connect(${port}, "${host}");
    socket.on("connect", () => process.exit(0)); socket.on("error", () => process.exit(1)); setTimeout(() => process.exit(2), 500);`;
  return spawnSync("nsenter", [`--net=${from.path}`, process.execPath, "-e", script]).status === 0;
}

describe("network namespaces of the tests", () => {
  it("reach the outside until a link is cut, and again when it is mended", async (context) => {
    const missing = namespacesMissing();
    if (missing !== null) return context.skip(missing);
    using network = new Network();
    const machine = network.namespace("machine", 1);
    await using server = createServer();
    await once(server.listen(0, network.address), "listening");
    const { port } = server.address() as AddressInfo;
    const isReached = (): boolean => reaches(machine, network.address, port);
    expect(isReached()).toBe(true);
    for (const direction of ["in", "out", "both"] as const) {
      const mend = breakLink(machine, { kind: "cut", direction });
      expect(isReached()).toBe(false);
      mend();
      mend();
      expect(isReached()).toBe(true);
    }
    return undefined;
  });

  it("of a process that was killed are removed by the next one", async (context) => {
    const missing = namespacesMissing();
    if (missing !== null) return context.skip(missing);
    const script = `import { Network } from ${JSON.stringify(fileURLToPath(new URL("namespaces.ts", import.meta.url)))};
      const network = new Network(); network.namespace("left", 1); console.log("made"); setInterval(() => {}, 1000);`;
    const child = spawn(process.execPath, ["--input-type=module", "--eval", script], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    await once(child.stdout, "data");
    const names = (): string[] => namespaceNames().filter((name) => name.startsWith(`kilnf-${child.pid}-`));
    expect(names()).toHaveLength(2);
    child.kill("SIGKILL");
    await once(child, "exit");
    using _network = new Network();
    expect(names()).toEqual([]);
    return undefined;
  });
});

function namespaceNames(): string[] {
  return spawnSync("ip", ["netns", "list"], { encoding: "utf8" })
    .stdout.split("\n")
    .map((line) => line.split(" ")[0] ?? "");
}
