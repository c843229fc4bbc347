import { createHash, randomInt } from "node:crypto";

/** "join": a machine may become an agent. "api": a person or a script may use the API. */
export type TokenKind = "join" | "api";

export interface Token {
  readonly kind: TokenKind;
  /** Of the farm's authority: by it a client knows the farm. */
  readonly fingerprint: string;
  readonly secret: string;
}

const ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const SECRET_CHARS = 32;
/** The fingerprint has the length of a SHA-256 in base64url, and may itself have underscores. */
const FORM = /^kiln_(join|api)_([\w-]{43})_([0-9A-Za-z]{32})$/;

/** `kiln_KIND_FINGERPRINT_SECRET`, with 190 random bits. */
export function makeToken(kind: TokenKind, fingerprint: string): string {
  let secret = "";
  while (secret.length < SECRET_CHARS) secret += ALPHABET[randomInt(ALPHABET.length)];
  return `kiln_${kind}_${fingerprint}_${secret}`;
}

export type ParsedToken =
  | { readonly ok: true; readonly token: Token }
  | { readonly ok: false; readonly message: string };

/** Reads a token. The message names what is wrong and never the token itself. */
export function parseToken(text: string): ParsedToken {
  const match = FORM.exec(text.trim());
  const [, kind, fingerprint, secret] = match ?? [];
  if (fingerprint !== undefined && secret !== undefined && (kind === "join" || kind === "api")) {
    return { ok: true, token: { kind, fingerprint, secret } };
  }
  return { ok: false, message: whatIsWrong(text.trim()) };
}

function whatIsWrong(text: string): string {
  if (text === "") return "the token is empty: give all of what Kiln printed";
  const started = /^kiln_(?:join|api)_/.exec(text);
  if (!started) return "this is no token of Kiln: they begin with kiln_join_ or kiln_api_";
  const whole = started[0].length + 43 + 1 + SECRET_CHARS;
  if (text.length < whole) return `the token is cut off: it has ${text.length} of ${whole} characters; copy all of it`;
  if (text.length > whole) return `the token has ${text.length - whole} characters too many; copy nothing beside it`;
  return "the token is damaged: copy it again as Kiln printed it";
}

/**
 * What is kept of a token instead of it: SHA-256 in hex. It has more random
 * bits than can be tried, so no slow digest is needed.
 */
export function tokenDigest(text: string): string {
  return createHash("sha256").update(text.trim()).digest("hex");
}
