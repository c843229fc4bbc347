import { isMap, isScalar, isSeq, LineCounter, parseDocument, type Node } from "yaml";
import type { PolicyNode } from "./policy-node.ts";

/** A text as the parser of kiln.yaml gives it. */
export function nodeOf(text: string): PolicyNode {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines });
  const placeOf = (offset: number) => {
    const { line, col } = lines.linePos(offset);
    return { line, column: col };
  };
  const read = (node: unknown): PolicyNode => {
    const at = placeOf((node as Node | null)?.range?.[0] ?? 0);
    if (isMap(node)) {
      const entries = node.items.map(({ key, value }) => {
        const name = key as { readonly value: string; readonly range: readonly [number, number, number] };
        return { key: name.value, keyAt: placeOf(name.range[0]), value: read(value) };
      });
      return { type: "map", at, entries };
    }
    if (isSeq(node)) return { type: "list", at, items: node.items.map(read) };
    if (!isScalar(node) || node.value === null) return { type: "null", at, text: "" };
    const type = typeof node.value as "string" | "number" | "boolean";
    return { type, at, text: typeof node.value === "string" ? node.value : (node.source ?? "") };
  };
  return read(document.contents);
}
