/** A reference to a container image, taken apart. */
export interface ImageReference {
  /** Host, with a port where one is given: "docker.io", "127.0.0.1:5000". */
  readonly registry: string;
  /** Path in the registry: "library/debian", "pypa/manylinux_2_28_x86_64". */
  readonly repository: string;
  /** null when a digest alone names the image. */
  readonly tag: string | null;
  /** "sha256:…", null when a tag names the image. */
  readonly digest: string | null;
  /** As an engine takes it, with a tag or a digest: "127.0.0.1:5000/a/b:1". */
  readonly text: string;
}

const DEFAULT_REGISTRY = "docker.io";
const COMPONENT = /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*$/;
const TAG = /^\w[\w.-]{0,127}$/;
const DIGEST = /^sha256:[0-9a-f]{64}$/;

/**
 * Parses a reference as Docker's clients do (distribution/reference): a first
 * part with a dot, a colon, or "localhost" is the registry; without a tag and a
 * digest the tag is "latest". Null when it is no reference.
 */
export function parseImageReference(text: string): ImageReference | null {
  const [beforeDigest = "", digest = null, ...more] = text.trim().split("@");
  if (more.length > 0 || (digest !== null && !DIGEST.test(digest))) return null;
  const slash = beforeDigest.lastIndexOf("/");
  const colon = beforeDigest.indexOf(":", slash + 1);
  const name = colon < 0 ? beforeDigest : beforeDigest.slice(0, colon);
  const givenTag = colon < 0 ? null : beforeDigest.slice(colon + 1);
  if (givenTag !== null && !TAG.test(givenTag)) return null;
  const parts = name.split("/");
  const [first = ""] = parts;
  const hasRegistry = parts.length > 1 && (/[.:]/.test(first) || first === "localhost");
  const path = hasRegistry ? parts.slice(1) : parts;
  if (!path.every((part) => COMPONENT.test(part))) return null;
  if (hasRegistry && !/^[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?(?::\d{1,5})?$/.test(first)) return null;
  const registry = hasRegistry ? first : DEFAULT_REGISTRY;
  const inLibrary = registry === DEFAULT_REGISTRY && path.length === 1;
  const tag = digest === null ? (givenTag ?? "latest") : givenTag;
  return {
    registry,
    repository: inLibrary ? `library/${path.join("/")}` : path.join("/"),
    tag,
    digest,
    // A digest says everything: an engine that got both would have to choose.
    text: digest === null ? `${name}:${tag}` : `${name}@${digest}`,
  };
}

/** Whether two references name the same repository, however much of it is left out. */
function sameRepository(a: ImageReference, b: ImageReference): boolean {
  return a.registry === b.registry && a.repository === b.repository;
}

/** The digest by which a registry knows the image, of all that an engine lists: "name@sha256:…"; null when it has none. */
export function repositoryDigest(reference: ImageReference, digests: readonly string[]): string | null {
  for (const text of digests) {
    const known = parseImageReference(text);
    if (!known || !sameRepository(known, reference)) continue;
    if (reference.digest === null || reference.digest === known.digest) return text;
  }
  return null;
}
