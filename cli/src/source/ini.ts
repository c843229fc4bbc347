/** Keys of one section of an INI file, with the dashes that setuptools takes for underscores; the first line of each value. */
export function iniSection(text: string, wanted: string): ReadonlyMap<string, string> {
  return new Map([...sectionLines(text, wanted)].map(([key, lines]) => [key, lines[0] ?? ""]));
}

/** The lines of a value, as setup.cfg has lists: one a line, or separated by semicolons; null when the key is not there. */
export function iniLines(text: string, section: string, key: string): readonly string[] | null {
  const lines = sectionLines(text, section).get(key);
  if (lines === undefined) return null;
  // On one line a semicolon separates; in a list of lines it begins a marker (PEP 508).
  const [first = "", ...more] = lines;
  const parts =
    more.length === 0 && !/;\s*(python|sys_|os_|platform_|implementation_|extra)/.test(first)
      ? first.split(";")
      : lines;
  return parts.map((part) => part.trim()).filter((part) => part !== "");
}

function sectionLines(text: string, wanted: string): ReadonlyMap<string, readonly string[]> {
  const values = new Map<string, string[]>();
  let section = "";
  let current: string[] | null = null;
  for (const line of text.split(/\r?\n/)) {
    if (/^\s*[#;]/.test(line)) continue;
    const header = /^\[([^\]]+)\]\s*$/.exec(line);
    const pair = /^([A-Za-z0-9_.-]+)\s*[=:]\s*(.*)$/.exec(line);
    const content = (part: string): string => part.replace(/\s+#.*$/, "").trim();
    if (header?.[1] !== undefined) {
      section = header[1].trim();
      current = null;
    } else if (pair?.[1] !== undefined) {
      current = [
        content((pair[2] ?? "").replace(/\s+;\s.*$/, (rest) => (/python|sys_|platform_|extra/.test(rest) ? rest : ""))),
      ];
      if (section === wanted) values.set(pair[1].toLowerCase().replaceAll("-", "_"), current);
    } else if (/^\s+\S/.test(line)) {
      current?.push(content(line));
    }
  }
  return values;
}
