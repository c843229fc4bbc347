import type { Interpreter } from "../../domain/interpreter.ts";
import { judgePython } from "../../domain/python-probe.ts";
import { parseFacts, PROBE_SCRIPT } from "../inventory/probe-python.ts";

/** Begins the part of one interpreter in the output of the search. */
const MARK = "[kiln-python] ";

/**
 * Asks every interpreter of an image what it is: those of manylinux images
 * (/opt/python/cp312-cp312/bin), those on the PATH, and the system's. Each
 * once, by the file behind links. Needs no more than a POSIX shell and readlink.
 */
const SEARCH_SCRIPT = `
seen=" "
ask() {
  for python in "$1"/python3 "$1"/python3.* "$1"/python; do
    case "\${python##*/}" in
      python | python3 | python3.[0-9] | python3.[0-9][0-9] | python3.[0-9]t | python3.[0-9][0-9]t) ;;
      *) continue ;;
    esac
    [ -x "$python" ] || continue
    real=$(readlink -f "$python") || real=$python
    case "$seen" in *" $real "*) continue ;; esac
    seen="$seen$real "
    printf '\\n%s%s\\n' "${MARK}" "$real"
    "$real" -E -s -c "$0" || true
  done
}
for folder in /opt/python/*/bin; do ask "$folder"; done
IFS=:
for folder in $PATH /usr/local/bin /usr/bin; do ask "$folder"; done
exit 0
`;

/** The command that prints what `parsePythons` reads. */
export const SEARCH_ARGV = ["/bin/sh", "-c", SEARCH_SCRIPT, PROBE_SCRIPT] as const;

export interface PythonsOfImage {
  readonly pythons: readonly Interpreter[];
  /** Why others that are there cannot be used, a sentence each. */
  readonly problems: readonly string[];
}

/** Reads what the search printed. */
export function parsePythons(output: string): PythonsOfImage {
  const pythons: Interpreter[] = [];
  const problems: string[] = [];
  for (const part of output.split(`\n${MARK}`).slice(1)) {
    const end = part.indexOf("\n");
    const path = part.slice(0, end);
    const facts = parseFacts(part.slice(end + 1));
    if (!facts) {
      problems.push(`${path}: it does not run as a Python`);
      continue;
    }
    const judged = judgePython(path, "image", facts);
    if (judged.kind === "usable") pythons.push(judged.interpreter);
    else if (judged.kind === "problem") problems.push(`${path}: ${judged.message}`);
  }
  return { pythons, problems };
}
