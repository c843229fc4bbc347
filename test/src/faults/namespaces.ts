import { isLeftBehind, ownerName, thisOwner } from "./owner.ts";
import { run, runIfPossible } from "./shell.ts";

/** A machine of its own, as far as the network goes. */
export interface Namespace {
  readonly name: string;
  /** Path that nsenter takes. */
  readonly path: string;
  readonly address: string;
}

const INTERFACE = "eth0";
/** Networks of the tests: 10.200.0.0/14 in pieces of 256 addresses. */
const NETWORKS = 1024;

/** Why no namespaces can be made here; null when they can. */
export function namespacesMissing(): string | null {
  if (process.platform !== "linux") return `network namespaces are Linux's, and this is ${process.platform}`;
  if (process.getuid?.() !== 0) return "making network namespaces needs root: run this as root";
  try {
    run("ip", "netns", "list");
    run("nsenter", "--version");
    run("iptables", "--version");
    return null;
  } catch (cause) {
    return cause instanceof Error ? cause.message : String(cause);
  }
}

/** Namespaces joined by a switch, which is a namespace, too; this process has a leg of its own in the network. */
export class Network implements Disposable {
  readonly #prefix = ownerName(thisOwner());
  readonly #net: string;
  readonly #namespaces: string[] = [];
  readonly #switch: string;
  readonly #leg: string;

  constructor() {
    removeLeftBehind();
    const taken = run("ip", "-4", "route", "show");
    const free = Array.from({ length: NETWORKS }, (_, index) => (process.pid + index) % NETWORKS)
      .map((index) => `10.${200 + Math.floor(index / 256)}.${index % 256}`)
      .find((net) => !taken.includes(`${net}.0/24`));
    if (free === undefined) throw new Error("every network that the tests may use has a route already");
    this.#net = free;
    this.#switch = this.#add("switch");
    inside(this.#switch, "ip", "link", "add", "br0", "type", "bridge");
    inside(this.#switch, "ip", "link", "set", "br0", "up");
    this.#leg = `kf${process.pid}`;
    run("ip", "link", "add", this.#leg, "type", "veth", "peer", "name", "root", "netns", this.#switch);
    inside(this.#switch, "ip", "link", "set", "root", "master", "br0", "up");
    run("ip", "addr", "add", `${this.address}/24`, "dev", this.#leg);
    run("ip", "link", "set", this.#leg, "up");
  }

  /** Of this process in the network. */
  get address(): string {
    return `${this.#net}.254`;
  }

  /** A new namespace with one address, `host` being its last number. */
  namespace(label: string, host: number): Namespace {
    const name = this.#add(label);
    const port = `p${host}`;
    run("ip", "link", "add", port, "netns", this.#switch, "type", "veth", "peer", "name", INTERFACE, "netns", name);
    inside(this.#switch, "ip", "link", "set", port, "master", "br0", "up");
    const address = `${this.#net}.${host}`;
    inside(name, "ip", "addr", "add", `${address}/24`, "dev", INTERFACE);
    inside(name, "ip", "link", "set", INTERFACE, "up");
    return { name, path: `/run/netns/${name}`, address };
  }

  [Symbol.dispose](): void {
    for (const name of this.#namespaces) remove(name);
    // Gone with its other end, but not at once.
    runIfPossible("ip", "link", "del", this.#leg);
  }

  #add(label: string): string {
    const name = `${this.#prefix}-${label}`;
    run("ip", "netns", "add", name);
    this.#namespaces.push(name);
    inside(name, "ip", "link", "set", "lo", "up");
    return name;
  }
}

/** Runs a program in a namespace. */
export function inside(name: string, program: string, ...args: readonly string[]): string {
  return run("nsenter", `--net=/run/netns/${name}`, program, ...args);
}

/** Process ids in a namespace. */
export function processesIn(name: string): number[] {
  return run("ip", "netns", "pids", name).split("\n").filter(Boolean).map(Number);
}

/** Ends what runs in the namespace, which would keep it alive, and removes it. */
function remove(name: string): void {
  for (const pid of processesIn(name)) runIfPossible("kill", "-9", String(pid));
  runIfPossible("ip", "netns", "del", name);
}

/** What an earlier process made and did not live to remove. */
function removeLeftBehind(): void {
  for (const line of run("ip", "netns", "list").split("\n")) {
    const name = line.split(" ")[0] ?? "";
    if (isLeftBehind(name)) remove(name);
  }
}
