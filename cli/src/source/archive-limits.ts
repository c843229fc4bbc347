/** Names wanted from an sdist: what says who it is, and the spec it may carry. */
export function isWanted(path: string): boolean {
  return /^[^/]+\/(PKG-INFO|kiln\.yaml)$/.test(normalPath(path));
}

/** A path of an archive as the readers give it: with `/`, without a leading `./`. */
export function normalPath(path: string): string {
  return path.replaceAll("\\", "/").replace(/^(\.\/)+/, "");
}

/** Largest text taken of each wanted file. */
export const WANTED_BYTES_MAX = 1024 * 1024;
/** Most bytes that an archive may unpack to while it is searched: a small file can claim to be huge. */
export const UNPACKED_BYTES_MAX = 8 * 1024 * 1024 * 1024;
/** Most entries of an archive. */
export const ENTRIES_MAX = 1_000_000;
