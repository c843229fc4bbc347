import { distance } from "fastest-levenshtein";

/** The word that a person most likely meant, or null when none is near. */
function nearest(written: string, words: readonly string[]): string | null {
  // No word that is offered is longer than this, and distance costs the product of the lengths.
  if (written.length > 64) return null;
  let best: string | null = null;
  let bestDistance = Math.max(2, Math.floor(written.length / 3)) + 1;
  for (const word of words) {
    const apart = distance(written.toLowerCase(), word.toLowerCase());
    if (apart < bestDistance && apart < word.length) [best, bestDistance] = [word, apart];
  }
  return best;
}

/** Suggestion with the word that was likely meant, else with all of them. */
export function suggestWord(written: string, words: readonly string[]): string {
  const meant = nearest(written, words);
  return meant === null ? `known here: ${words.join(", ")}` : `did you mean "${meant}"?`;
}
