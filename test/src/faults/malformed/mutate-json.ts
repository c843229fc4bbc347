import type { SeededRandom } from "../../farm/seeded-random.ts";

type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

const LONG = 5_000;
const DEPTH = 3_000;

/** Values that are of the wrong type somewhere, or of the right type and too much. */
const STRANGE: readonly Json[] = [
  null,
  true,
  0,
  -1,
  1.5,
  2 ** 53,
  -(2 ** 63),
  1e308,
  "",
  " ",
  "\u0000",
  "../../../etc/passwd",
  "r0",
  "r99999999999999999999",
  "\ud800",
  "ÿ☃𝒳",
  "x".repeat(LONG),
  "${jndi:ldap://localhost}",
  "'; DROP TABLE runs; --",
  [],
  {},
  [[[[[]]]]],
  { __proto__: null, constructor: 1, toString: 2 },
  Array.from({ length: LONG }, () => 0),
];

/** A valid body with one to three values, keys or levels that are not. */
function mutateJson(random: SeededRandom, valid: Json): Json {
  let body = valid;
  for (let left = random.integer(1, 3); left > 0; left -= 1) body = once(random, body);
  return body;
}

/** The text of a body: now and then it is no JSON at all. */
export function malformedText(random: SeededRandom, valid: Json): string {
  const text = JSON.stringify(mutateJson(random, valid));
  switch (random.integer(1, 12)) {
    case 1:
      return text.slice(0, random.integer(0, text.length));
    case 2:
      return "[".repeat(DEPTH) + text;
    case 3:
      return text.replaceAll('"', "'");
    case 4:
      return `${text}${text}`;
    default:
      return text;
  }
}

function once(random: SeededRandom, body: Json): Json {
  const strange = STRANGE[random.integer(0, STRANGE.length - 1)] as Json;
  if (Array.isArray(body)) {
    if (body.length === 0) return [strange];
    const at = random.integer(0, body.length - 1);
    return body.map((item, index) => (index === at ? once(random, item) : item));
  }
  if (body === null || typeof body !== "object") return strange;
  const keys = Object.keys(body);
  const key = keys[random.integer(0, Math.max(0, keys.length - 1))];
  switch (random.integer(1, 4)) {
    case 1:
      return { ...body, [`more${random.integer(0, 9)}`]: strange };
    case 2:
      return Object.fromEntries(Object.entries(body).filter(([name]) => name !== key));
    default:
      return key === undefined ? strange : { ...body, [key]: once(random, body[key] ?? null) };
  }
}
