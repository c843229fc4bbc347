import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";

const EXAMPLES = fileURLToPath(new URL("../../../examples", import.meta.url));

/** A project of examples/ as a packed source (.tar.gz with one top-level folder), without what builds left in it. */
export function tarOfExample(name: string): Buffer {
  const left = ["build", "dist", "*.egg-info", "__pycache__", ".pytest_cache"].flatMap((path) => ["--exclude", path]);
  return execFileSync("tar", ["-C", EXAMPLES, ...left, "-czf", "-", name]);
}
