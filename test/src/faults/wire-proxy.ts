import { createInterface, type Interface } from "node:readline";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import type { ChildProcess } from "node:child_process";
import { inside, type Namespace } from "./namespaces.ts";
import { spawnInside } from "./spawn-inside.ts";

/** How the wire carries what is sent. */
export type WireState =
  | { readonly kind: "clear" }
  /** Every piece comes that much later, in each direction. */
  | { readonly kind: "latency"; readonly ms: number }
  /** Nothing passes in that direction; it is kept and passes later. */
  | { readonly kind: "stall"; readonly direction: "requests" | "answers" | "both" }
  /** What the machine sends arrives, and every answer is lost: writes succeed and time out. */
  | { readonly kind: "swallow-answers" };

export interface ProxyOrder {
  readonly state: WireState;
  /** Ends every connection first. */
  readonly cut: boolean;
}

export interface ProxyConfig {
  /** Where the farm listens. */
  readonly host: string;
  readonly ports: readonly { readonly from: number; readonly to: number }[];
}

/**
 * Stands between one machine and the farm, unseen by both: connections of the
 * machine to the farm's ports are redirected to it in the farm's namespace. It
 * works on connections and not on packets, so it sees nothing of what TLS carries.
 */
export class WireProxy implements Disposable {
  readonly #child: ChildProcess;
  readonly #lines: Interface;
  #queue: Promise<unknown> = Promise.resolve();

  private constructor(child: ChildProcess, lines: Interface) {
    this.#child = child;
    this.#lines = lines;
  }

  /** Between `machine` and these ports of `farm`. */
  static async start(farm: Namespace, machine: Namespace, ports: readonly number[]): Promise<WireProxy> {
    const config: ProxyConfig = { host: farm.address, ports: ports.map((to) => ({ from: to + 10_000, to })) };
    const main = fileURLToPath(new URL("proxy-main.ts", import.meta.url));
    const child = spawnInside(farm, process.execPath, [main, JSON.stringify(config)], {
      stdio: ["pipe", "pipe", "inherit"],
    });
    if (!child.stdout) throw new Error("standard output is not piped");
    const lines = createInterface({ input: child.stdout });
    const ended = once(child, "exit").then(() => {
      throw new Error("the wire's process ended before it was ready");
    });
    await Promise.race([once(lines, "line"), ended]);
    ended.catch(() => undefined);
    for (const { from, to } of config.ports) {
      const rule = ["-s", machine.address, "-p", "tcp", "--dport", String(to), "-j", "REDIRECT"];
      inside(farm.name, "iptables", "--wait", "-t", "nat", "-A", "PREROUTING", ...rule, "--to-ports", String(from));
    }
    return new WireProxy(child, lines);
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  /** Resolves once it holds. */
  set(state: WireState, cut = false): Promise<void> {
    const order = this.#queue.then(async () => {
      const answered = once(this.#lines, "line");
      const line: ProxyOrder = { state, cut };
      this.#child.stdin?.write(`${JSON.stringify(line)}\n`);
      await answered;
    });
    this.#queue = order.catch(() => undefined);
    return order;
  }

  [Symbol.dispose](): void {
    this.#child.kill("SIGKILL");
  }
}
