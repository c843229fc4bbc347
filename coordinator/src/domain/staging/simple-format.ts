/** The forms that a page of a simple index is sent in, and their media types (PEP 691). */
export const SIMPLE_FORMATS = {
  json: "application/vnd.pypi.simple.v1+json",
  html: "application/vnd.pypi.simple.v1+html",
  "plain-html": "text/html; charset=utf-8",
} as const;

export type SimpleFormat = keyof typeof SIMPLE_FORMATS;

/** Media types that ask for each form, best first where a client likes several equally. */
const NAMED: readonly (readonly [string, SimpleFormat])[] = [
  ["application/vnd.pypi.simple.v1+json", "json"],
  ["application/vnd.pypi.simple.latest+json", "json"],
  ["application/vnd.pypi.simple.v1+html", "html"],
  ["application/vnd.pypi.simple.latest+html", "html"],
  ["text/html", "plain-html"],
];
/** What a client gets that names none of them: what every installer reads. */
const WILDCARDS: readonly (readonly [string, SimpleFormat])[] = [
  ["text/*", "plain-html"],
  ["*/*", "plain-html"],
  ["application/*", "json"],
];

/** The form that an `Accept` header asks for (RFC 9110, section 12.5.1); null when none of them will do. */
export function simpleFormat(accept: string | undefined): SimpleFormat | null {
  const qualities = qualitiesOf(accept ?? "*/*");
  let best: { readonly format: SimpleFormat; readonly quality: number } | null = null;
  for (const [type, format] of [...NAMED, ...WILDCARDS]) {
    const quality = qualities.get(type) ?? 0;
    if (quality > (best?.quality ?? 0)) best = { format, quality };
  }
  return best?.format ?? null;
}

function qualitiesOf(accept: string): ReadonlyMap<string, number> {
  const qualities = new Map<string, number>();
  for (const range of accept.split(",")) {
    const [type = "", ...parameters] = range.split(";").map((part) => part.trim().toLowerCase());
    const written = parameters.find((parameter) => parameter.startsWith("q="))?.slice(2);
    const quality = written === undefined ? 1 : Number(written);
    if (quality >= 0 && quality <= 1) qualities.set(type, quality);
  }
  return qualities;
}
