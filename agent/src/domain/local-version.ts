import { parseWheelName } from "./wheel-name.ts";

/** What has to be done for a wheel to have the local version (PEP 440) that is wanted. */
export type LocalVersionStep =
  | { readonly kind: "has-it" }
  | { readonly kind: "rewrite"; readonly filename: string; readonly version: string }
  /** `message` says why it cannot have it. */
  | { readonly kind: "refused"; readonly message: string };

/** `wanted` is normalised: "cu118torch2.1". */
export function localVersionStep(filename: string, wanted: string): LocalVersionStep {
  const wheel = parseWheelName(filename);
  if (!wheel) return { kind: "refused", message: `the build made ${filename}, which is not the name of a wheel` };
  const plus = wheel.version.indexOf("+");
  if (plus < 0) {
    const version = `${wheel.version}+${wanted}`;
    return { kind: "rewrite", version, filename: filename.replace(`-${wheel.version}-`, `-${version}-`) };
  }
  const own = normalLocal(wheel.version.slice(plus + 1));
  if (own === normalLocal(wanted)) return { kind: "has-it" };
  const message =
    `the build made ${wheel.name} ${wheel.version}, but this wheel is to have the local version ${wanted}: ` +
    "let the build leave it out, or write local-version: none in kiln.yaml";
  return { kind: "refused", message };
}

/** The version without its local part. */
export function publicVersion(version: string): string {
  return version.split("+", 1)[0] ?? version;
}

function normalLocal(text: string): string {
  return text.toLowerCase().replaceAll(/[-_.]+/g, ".");
}

/** The text of METADATA with another version in its headers (core metadata: "Version" occurs once); null when it has none. */
export function metadataWithVersion(text: string, version: string): string | null {
  const end = /\r?\n\r?\n/.exec(text)?.index ?? text.length;
  const head = text.slice(0, end);
  const line = /^(Version:[ \t]*)\S+/im;
  if (!line.test(head)) return null;
  return head.replace(line, (_, start: string) => start + version) + text.slice(end);
}

/** A path of a wheel whose `.dist-info` and `.data` folders change their version with it. */
export function movedPath(path: string, folders: ReadonlyMap<string, string>): string {
  const slash = path.indexOf("/");
  const moved = slash < 0 ? undefined : folders.get(path.slice(0, slash));
  return moved === undefined ? path : moved + path.slice(slash);
}

/**
 * RECORD (PEP 376) with moved paths and the digest and size of the new METADATA.
 * `metadata` is its line's rest: "sha256=…,123".
 */
export function movedRecord(text: string, folders: ReadonlyMap<string, string>, metadata: string): string {
  return text.replaceAll(/^[^\r\n]+/gm, (line) => {
    const quote = line.startsWith('"') ? '"' : "";
    const moved = quote + movedPath(line.slice(quote.length), folders);
    const match = /^([^",/]+\.dist-info\/METADATA),/.exec(moved);
    return match ? `${match[1]},${metadata}` : moved;
  });
}
