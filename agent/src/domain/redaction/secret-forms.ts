/** Shorter values are not looked for: they would be found all over ordinary output. */
export const SECRET_BYTES_MIN = 6;
/** Longer ones cannot be looked for in output that is still coming. */
export const SECRET_BYTES_MAX = 16 * 1024;

/** Something that must not be shown, and the user it belongs to where there is one. */
export interface Secret {
  readonly value: string;
  readonly user?: string;
}

/**
 * Every way in which programs write a secret: as it is, percent-encoded (RFC
 * 3986), in XML, and inside Base64 (RFC 4648) of "user:password", whoever the user. Of a
 * value with several lines each line is one, since programs indent them and end
 * them differently. A form shorter than SECRET_BYTES_MIN bytes is left out.
 */
export function secretForms(secret: Secret): Uint8Array[] {
  const forms = new Set<string>();
  for (const line of secret.value.split(/\r\n|[\r\n]/)) {
    for (const one of [line, decoded(line)]) {
      if (utf8(one).length < SECRET_BYTES_MIN) continue;
      addForms(forms, one);
      if (secret.user !== undefined) addBase64(forms, base64(utf8(`${secret.user}:${one}`)).replace(/=+$/, ""));
    }
  }
  return [...forms].map(utf8).filter(({ length }) => length >= SECRET_BYTES_MIN);
}

function addForms(forms: Set<string>, text: string): void {
  forms.add(text);
  const encoded = encodeURIComponent(text.toWellFormed());
  forms.add(encoded);
  // encodeURIComponent leaves these as they are; Python's quote and WHATWG's form encoding do not.
  const strict = encoded.replace(/[!'()*~]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`);
  forms.add(strict);
  forms.add(strict.replaceAll("%7E", "~"));
  forms.add(strict.replaceAll("%20", "+"));
  const xml = text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
  forms.add(xml);
  forms.add(xml.replaceAll('"', "&quot;"));
  forms.add(xml.replaceAll('"', "&quot;").replaceAll("'", "&apos;"));
  for (const one of [encoded, strict]) forms.add(one.replace(/%[0-9A-F]{2}/g, (code) => code.toLowerCase()));
  for (const offset of [0, 1, 2]) addBase64(forms, base64Inside(utf8(text), offset));
}

function addBase64(forms: Set<string>, text: string): void {
  forms.add(text);
  forms.add(text.replaceAll("+", "-").replaceAll("/", "_"));
}

/** The characters that Base64 has for these bytes wherever they follow `offset` (mod 3) others. */
function base64Inside(bytes: Uint8Array, offset: number): string {
  const padded = new Uint8Array(offset + bytes.length);
  padded.set(bytes, offset);
  // Characters that also depend on what comes before or after are not the secret's alone.
  return base64(padded).slice(Math.ceil((offset * 8) / 6), Math.floor((padded.length * 8) / 6));
}

function base64(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) text += String.fromCharCode(byte);
  return btoa(text);
}

/** What an address means by it; the text itself where it is not encoded. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function utf8(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}
