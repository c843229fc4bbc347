export interface Place {
  /** From 1. */
  readonly line: number;
  /** From 1. */
  readonly column: number;
}

/**
 * What a YAML document says, with the place of everything, aliases followed.
 * Scalars keep the text they were written with: YAML reads an unquoted `3.10`
 * as the number 3.1, and only the text still knows what was meant.
 */
export type YamlValue = YamlMap | YamlList | YamlScalar;

export interface YamlMap {
  readonly type: "map";
  readonly at: Place;
  /** Keys in the order written, each once. */
  readonly entries: readonly YamlEntry[];
}

export interface YamlEntry {
  readonly key: string;
  readonly keyAt: Place;
  readonly value: YamlValue;
}

export interface YamlList {
  readonly type: "list";
  readonly at: Place;
  readonly items: readonly YamlValue[];
}

export interface YamlScalar {
  readonly type: "string" | "number" | "boolean" | "null";
  readonly at: Place;
  /** A string's value; of the others, how they were written. */
  readonly text: string;
}

/** For messages: "a list", "the number 30", … */
export function describe(value: YamlValue, quoted: (text: string) => string): string {
  switch (value.type) {
    case "map":
      return "a mapping";
    case "list":
      return "a list";
    case "string":
      return value.text === "" ? "an empty string" : quoted(value.text);
    case "number":
      return `the number ${value.text}`;
    case "boolean":
      return `the boolean ${value.text}`;
    case "null":
      return "empty";
  }
}
