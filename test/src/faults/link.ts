import { inside, type Namespace } from "./namespaces.ts";

/** What is wrong with a machine's link. */
export type LinkFault =
  /** Nothing comes in, or nothing goes out, or neither. */
  | { readonly kind: "cut"; readonly direction: "in" | "out" | "both" }
  /** Packets are lost at random, in each direction. */
  | { readonly kind: "loss"; readonly percent: number };

/** Puts the fault on the link; what is returned takes it off again and may be called twice. */
export function breakLink(namespace: Namespace, fault: LinkFault): () => void {
  const rules = rulesOf(fault);
  for (const rule of rules) inside(namespace.name, "iptables", "--wait", "-A", ...rule);
  let isBroken = true;
  return () => {
    if (!isBroken) return;
    isBroken = false;
    for (const rule of rules) inside(namespace.name, "iptables", "--wait", "-D", ...rule);
  };
}

function rulesOf(fault: LinkFault): string[][] {
  const chains = fault.kind === "cut" && fault.direction !== "both" ? [fault.direction] : (["in", "out"] as const);
  return chains.map((chain) => {
    const place = chain === "in" ? ["INPUT", "-i", "eth0"] : ["OUTPUT", "-o", "eth0"];
    const which =
      fault.kind === "cut" ? [] : ["-m", "statistic", "--mode", "random", "--probability", String(fault.percent / 100)];
    return [...place, ...which, "-j", "DROP"];
  });
}
