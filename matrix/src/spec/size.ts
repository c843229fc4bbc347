const UNIT_BYTES = {
  B: 1,
  kB: 1_000,
  KB: 1_000,
  MB: 1_000_000,
  GB: 1_000_000_000,
  KiB: 1_024,
  MiB: 1_048_576,
  GiB: 1_073_741_824,
} as const;

const SIZE = /^(\d{1,12})(B|kB|KB|MB|GB|KiB|MiB|GiB)$/;

/** Bytes of `16MiB` or `1GB`; null when the text is no size. `MB` is 1000², `MiB` is 1024². */
export function parseSizeBytes(text: string): number | null {
  const match = SIZE.exec(text);
  if (!match) return null;
  return Number(match[1]) * UNIT_BYTES[match[2] as keyof typeof UNIT_BYTES];
}

/** What somebody who wrote `64`, `64 mb` or `64M` may have meant; null when it cannot be told. */
export function suggestSize(text: string): string | null {
  const match = /^\s*(\d{1,12})\s*([kmg]?)(i?)b?(?:ytes)?\s*$/i.exec(text);
  if (!match) return null;
  const [, count, prefix = "", binary = ""] = match;
  if (prefix === "") return /b/i.test(text) ? `${count}B` : `${count}MiB`;
  return `${count}${prefix.toUpperCase()}${/b/i.test(text) && binary === "" ? "" : "i"}B`;
}
