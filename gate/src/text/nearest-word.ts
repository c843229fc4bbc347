import { distance } from "fastest-levenshtein";

/** What to write instead of a word that is none of `words`: the one that was likely meant, else all of them. */
export function suggestWord(written: string, words: readonly string[]): string {
  let best: string | null = null;
  let apart = Math.max(2, Math.floor(written.length / 3)) + 1;
  // No word that is offered is longer than this, and distance costs the product of the lengths.
  for (const word of written.length > 64 ? [] : words) {
    const found = distance(written.toLowerCase(), word.toLowerCase());
    if (found < apart && found < word.length) [best, apart] = [word, found];
  }
  return best === null ? `known here: ${words.join(", ")}` : `did you mean "${best}"?`;
}
