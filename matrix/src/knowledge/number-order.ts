/**
 * Order of dotted numbers by number: "2.9" before "2.10", "525" before
 * "525.60.13". For drivers, glibc, CUDA and capabilities, which are not PEP 440
 * versions; what is no number in them sorts before every number.
 */
export function compareNumbers(a: string, b: string): number {
  const left = a.split(".");
  const right = b.split(".");
  for (let index = 0; index < Math.max(left.length, right.length); index += 1) {
    const apart = part(left[index]) - part(right[index]);
    if (apart !== 0) return apart;
  }
  return 0;
}

function part(text: string | undefined): number {
  if (text === undefined) return 0;
  return /^\d{1,12}$/.test(text) ? Number(text) : -1;
}

/** "3.7, 3.8 and 3.9". */
export function listOf(words: readonly string[]): string {
  if (words.length < 2) return words.join("");
  return `${words.slice(0, -1).join(", ")} and ${words.at(-1)}`;
}
