/** Text of a person's file, made short and harmless to print: control and reordering characters are escaped. */
export function quote(text: string): string {
  return `"${shorten(text)}"`;
}

/** The same without quotes, for a key in a path. */
export function shorten(text: string): string {
  const short = text.length > MAX_CHARS ? `${text.slice(0, MAX_CHARS)}…` : text;
  return short.replace(/[\p{Cc}\p{Bidi_Control}\p{Zl}\p{Zp}\p{Cs}]/gu, (character) => {
    const code = character.codePointAt(0) ?? 0;
    return code === 0x0a ? "\\n" : code === 0x09 ? "\\t" : `\\u${code.toString(16).padStart(4, "0")}`;
  });
}

const MAX_CHARS = 60;
