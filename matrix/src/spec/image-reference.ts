const COMPONENT = /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*$/;
const REGISTRY = /^[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?(?::\d{1,5})?$/;
const TAG = /^\w[\w.-]{0,127}$/;
const DIGEST = /^sha256:[0-9a-f]{64}$/;

export interface ImageMistake {
  /** Follows the text: "is no name of an image". */
  readonly message: string;
  readonly suggestion: string;
}

/**
 * What is wrong with a reference to a container image; null when nothing is.
 * As Docker's clients have it (github.com/distribution/reference): a first part
 * with a dot or a colon, or `localhost`, is the registry.
 */
export function imageMistake(text: string): ImageMistake | null {
  const scheme = /^[a-z][a-z+-]*:\/\//i.exec(text)?.[0];
  if (scheme !== undefined)
    return { message: `begins with ${scheme}`, suggestion: `write ${text.slice(scheme.length)}` };
  const [named = "", digest, ...more] = text.split("@");
  if (more.length > 0 || (digest !== undefined && !DIGEST.test(digest))) {
    return { message: "has no good digest", suggestion: "write name@sha256: and 64 hexadecimal digits in lower case" };
  }
  const colon = named.indexOf(":", named.lastIndexOf("/") + 1);
  const name = colon < 0 ? named : named.slice(0, colon);
  if (colon >= 0 && !TAG.test(named.slice(colon + 1))) {
    return { message: "has no good tag", suggestion: "tags are letters, digits, _ . and -, as in debian:12" };
  }
  if (isName(name)) return null;
  const lower = text.toLowerCase();
  const suggestion = lower !== text && imageMistake(lower) === null ? `write ${lower}` : "write it like debian:12";
  return { message: "is no name of an image", suggestion };
}

function isName(name: string): boolean {
  const parts = name.split("/");
  const [first = ""] = parts;
  const hasRegistry = parts.length > 1 && (/[.:]/.test(first) || first === "localhost");
  return (
    (!hasRegistry || REGISTRY.test(first)) && parts.slice(hasRegistry ? 1 : 0).every((part) => COMPONENT.test(part))
  );
}
