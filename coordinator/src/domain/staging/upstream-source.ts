import { ANY_VARIANT, isVariantName } from "./staged-file.ts";

/** Where the pages of other projects come from: the user's own index, or PyTorch's for one variant. */
export type UpstreamSource = { readonly kind: "user" } | { readonly kind: "torch"; readonly variant: string };

/** What PyTorch publishes per variant: PyTorch itself, its siblings, and the Triton they pin. */
function isTorchProject(project: string): boolean {
  return project.startsWith("torch") || project === "triton" || project.startsWith("pytorch-triton");
}

/**
 * Whom to ask for a project that is not the candidate, in this order; the first
 * that knows it answers alone, so that no index can add to another's files.
 */
export function sourcesOf(project: string, variant: string): readonly UpstreamSource[] {
  const user: UpstreamSource = { kind: "user" };
  return variant !== ANY_VARIANT && isTorchProject(project) ? [{ kind: "torch", variant }, user] : [user];
}

/** Its part of an address: `user`, `torch-cu118`. */
export function sourceName(source: UpstreamSource): string {
  return source.kind === "user" ? "user" : `torch-${source.variant}`;
}

/** null when the text names none. */
export function parseSourceName(name: string): UpstreamSource | null {
  if (name === "user") return { kind: "user" };
  const variant = /^torch-(.+)$/.exec(name)?.[1];
  return variant !== undefined && isVariantName(variant) ? { kind: "torch", variant } : null;
}
