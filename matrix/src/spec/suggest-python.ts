import { KNOWN_PYTHONS, KNOWN_RANGE, knownPython } from "../known/pythons.ts";

/** What somebody who wrote `cp312`, `3.12.4` or `3.1` in a list of Pythons most likely meant. */
export function suggestPython(text: string): string {
  const match = /^(?:(?:cp|python|py)[-@ ]?)?(\d)[.]?(\d{1,2})(?:\.\S*)?$/i.exec(text.replace(/[-_]?(t|nogil)$/i, ""));
  const plain = match ? `${match[1]}.${match[2]}` : "";
  const meant = /[-_]?(t|nogil)$/i.test(text) ? `${plain}t` : plain;
  if (knownPython(meant))
    return `write "${meant}"${/^\d\.\d+\.\d/.test(text) ? ": Kiln plans by feature version" : ""}`;
  if (text === "3.1") return 'did you mean "3.10"?';
  const threaded = KNOWN_PYTHONS.filter(({ freeThreaded }) => freeThreaded).map(({ feature }) => feature);
  return `Kiln knows ${KNOWN_RANGE}, free-threaded ${threaded.join(", ")}`;
}
