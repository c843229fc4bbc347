import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { breakLink } from "./link.ts";
import { Network, namespacesMissing } from "./namespaces.ts";

const ping = (from: string, to: string): boolean =>
  spawnSync("nsenter", [`--net=/run/netns/${from}`, "ping", "-c", "1", "-W", "1", to]).status === 0;

describe("network namespaces of the tests", () => {
  it("reach each other until a link is cut, and again when it is mended", (context) => {
    const missing = namespacesMissing() ?? (spawnSync("ping", ["-V"]).error ? "ping is not installed" : null);
    if (missing !== null) return context.skip(missing);
    using network = new Network();
    const [one, two] = [network.namespace("one", 1), network.namespace("two", 2)];
    expect(ping(one.name, two.address)).toBe(true);
    for (const direction of ["in", "out", "both"] as const) {
      const mend = breakLink(two, { kind: "cut", direction });
      expect(ping(one.name, two.address)).toBe(false);
      mend();
      mend();
      expect(ping(one.name, two.address)).toBe(true);
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
