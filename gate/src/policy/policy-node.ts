/** From 1. */
export interface NodePlace {
  readonly line: number;
  readonly column: number;
}

/** A value of a person's file with its place, as its parser gives it. Scalars keep the text they were written with. */
export type PolicyNode = PolicyMap | PolicyList | PolicyScalar;

interface PolicyMap {
  readonly type: "map";
  readonly at: NodePlace;
  /** In the order written, each key once. */
  readonly entries: readonly { readonly key: string; readonly keyAt: NodePlace; readonly value: PolicyNode }[];
}

interface PolicyList {
  readonly type: "list";
  readonly at: NodePlace;
  readonly items: readonly PolicyNode[];
}

export interface PolicyScalar {
  readonly type: "string" | "number" | "boolean" | "null";
  readonly at: NodePlace;
  readonly text: string;
}

/** One mistake, with what to write instead. */
export interface PolicyProblem extends NodePlace {
  /** `gates.coverage.share-min`. */
  readonly path: string;
  readonly message: string;
  readonly suggestion: string;
}

/** Text of a person's file, short and on one line. */
export function quoted(text: string): string {
  return JSON.stringify(text.length > 60 ? `${text.slice(0, 60)}…` : text);
}

/** For messages: "a list", "the number 30". */
export function describeNode(node: PolicyNode): string {
  switch (node.type) {
    case "map":
      return "a mapping";
    case "list":
      return "a list";
    case "null":
      return "empty";
    case "string":
      return node.text === "" ? "an empty string" : quoted(node.text);
    case "number":
    case "boolean":
      return `the ${node.type} ${node.text}`;
  }
}
