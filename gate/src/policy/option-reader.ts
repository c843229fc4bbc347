import { dayEndMs } from "../text/calendar-day.ts";
import { suggestWord } from "../text/nearest-word.ts";
import { unitNamed, UNITS_KNOWN } from "../benchmarks/units.ts";
import type { Unit } from "../benchmarks/measurement.ts";
import { scaled } from "../text/scale.ts";
import { describeNode, quoted, type NodePlace, type PolicyNode, type PolicyProblem } from "./policy-node.ts";

const POLICY_LIMITS = { listItems: 200, textChars: 500, problems: 100 } as const;

/** Collects every mistake. */
export class PolicyProblems {
  readonly found: PolicyProblem[] = [];

  add({ line, column }: NodePlace, path: string, message: string, suggestion: string): void {
    if (this.found.length < POLICY_LIMITS.problems) this.found.push({ line, column, path, message, suggestion });
  }
}

/** How one option is written: null and a problem for what cannot be read. */
export interface OptionReader<T> {
  /** What to write: `80 %`. */
  readonly shape: string;
  readonly read: (node: PolicyNode, path: string, problems: PolicyProblems) => T | null;
}

function scalar<T>(shape: string, parse: (text: string) => T | string, types = ["string", "number"]): OptionReader<T> {
  return {
    shape,
    read: (node, path, problems) => {
      if (node.type === "map" || node.type === "list" || !types.includes(node.type) || node.text.trim() === "") {
        const is = node.type === "null" ? "has no value" : `is ${describeNode(node)}`;
        problems.add(node.at, path, `${path} ${is}`, `write ${shape}`);
        return null;
      }
      if (node.text.length > POLICY_LIMITS.textChars) {
        const message = `${path} has ${node.text.length} characters; the limit is ${POLICY_LIMITS.textChars}`;
        problems.add(node.at, path, message, `write ${shape}`);
        return null;
      }
      const parsed = parse(node.text.trim());
      // A text that was asked for is wrapped, so that only a refusal is a plain string here.
      if (typeof parsed !== "string") return parsed;
      problems.add(node.at, path, `${path} is ${quoted(node.text)}, ${parsed}`, `write ${shape}`);
      return null;
    },
  };
}

interface Text {
  readonly text: string;
}

/** A text on one line. */
export function text(shape: string, isGood: (text: string) => boolean = () => true, why = ""): OptionReader<string> {
  const reader = scalar<Text>(shape, (written) => {
    if (/\p{Cc}/u.test(written)) return "which has a control character";
    return isGood(written) ? { text: written } : why;
  });
  return { shape, read: (node, path, problems) => reader.read(node, path, problems)?.text ?? null };
}

export function count(shape: string): OptionReader<number> {
  return scalar(shape, (written) => {
    const value = /^\d{1,9}$/u.test(written) ? Number(written) : Number.NaN;
    return value >= 1 ? value : "which is no whole number from 1";
  });
}

/** A share of a whole: `80 %` or `0.8`, given as 0.8. */
export const share: OptionReader<number> = scalar("80 %, or 0.8", (written) => {
  const found = /^(?<value>\d{1,3}(?:\.\d{1,6})?)\s*(?<percent>%?)$/u.exec(written)?.groups;
  if (!found) return "which is no share";
  const value = Number(found["value"]) / (found["percent"] === "%" ? 100 : 1);
  return value <= 1 ? value : found["percent"] === "%" ? "which is more than the whole" : "and a share is 0 to 1";
});

const UNIT_MS: Readonly<Record<string, number>> = { d: 86_400_000, h: 3_600_000, m: 60_000, s: 1_000 };

/** `7d`, `8h`, `1h30m`, in milliseconds. */
export const duration: OptionReader<number> = scalar("a duration: 7d, 8h or 1h30m", (written) => {
  const parts = [...written.matchAll(/(\d{1,6})\s*([dhms])/gu)];
  if (parts.length === 0 || parts.map(([part]) => part).join("") !== written) return "which is no duration";
  const ms = parts.reduce((sum, [, value, unit]) => sum + Number(value) * (UNIT_MS[unit ?? ""] ?? 0), 0);
  return ms > 0 ? ms : "which is no time at all";
});

/** A value with its unit, in base units: `8 GB`, `1.5 ms`, `90 %`. */
export interface Quantity {
  readonly value: number;
  readonly unit: Unit;
}

export const quantity: OptionReader<Quantity> = scalar<Quantity>(
  "a value with its unit: 8 GB, 1.5 ms or 90 %",
  (written) => {
    const found = /^(?<value>\d{1,15}(?:\.\d{1,9})?)\s*(?<unit>.*)$/u.exec(written)?.groups;
    if (!found) return "which is no value";
    const unit = unitNamed(found["unit"] === "" ? "1" : (found["unit"] ?? ""));
    if (!unit) return `whose unit is none of ${UNITS_KNOWN}`;
    return { value: scaled(Number(found["value"]), unit.factor), unit: unit.unit };
  },
);

/** Bytes of `100 MB`. */
export const bytes: OptionReader<number> = {
  shape: "a size: 100 MB or 64 MiB",
  read: (node, path, problems) => {
    const read = quantity.read(node, path, problems);
    if (read === null || read.unit === "B") return read?.value ?? null;
    problems.add(node.at, path, `${path} is ${describeNode(node)}, which is no size`, `write ${bytes.shape}`);
    return null;
  },
};

/** The end of a day, `2026-12-31`, in UTC. */
export const day: OptionReader<number> = scalar(
  "a day: 2026-12-31",
  (written) => dayEndMs(written) ?? "which is no day",
);

export const flag: OptionReader<boolean> = {
  shape: "true or false",
  read: (node, path, problems) => {
    if (node.type === "boolean") return node.text.toLowerCase() === "true";
    problems.add(node.at, path, `${path} is ${describeNode(node)}`, "write true or false");
    return null;
  },
};

export function choice<W extends string>(words: readonly W[]): OptionReader<W> {
  const shape = words.join(", ");
  return {
    shape,
    read: (node, path, problems) => {
      const word = words.find((one) => node.type === "string" && node.text === one);
      if (word !== undefined) return word;
      const suggestion = node.type === "string" ? suggestWord(node.text, words) : `write one of ${shape}`;
      problems.add(node.at, path, `${path} is ${describeNode(node)}`, suggestion);
      return null;
    },
  };
}

/** At least one item. */
export function list<T>(item: OptionReader<T>, shape: string): OptionReader<readonly T[]> {
  return {
    shape,
    read: (node, path, problems) => {
      if (node.type !== "list" || node.items.length === 0) {
        const is =
          node.type === "list"
            ? "is an empty list"
            : node.type === "null"
              ? "has no value"
              : `is ${describeNode(node)}`;
        problems.add(node.at, path, `${path} ${is}`, `write a list: ${shape}`);
        return null;
      }
      if (node.items.length > POLICY_LIMITS.listItems) {
        const message = `${path} has ${node.items.length} items; the limit is ${POLICY_LIMITS.listItems}`;
        problems.add(node.at, path, message, "name fewer");
        return null;
      }
      const read = node.items.map((one, index) => item.read(one, `${path}[${index}]`, problems));
      return read.every((one) => one !== null) ? read : null;
    },
  };
}

type Fields = Readonly<Record<string, OptionReader<unknown>>>;
type ReadFields<F extends Fields> = { readonly [K in keyof F]?: F[K] extends OptionReader<infer T> ? T : never };

/** A mapping of known keys, of which `required` have to be there. Null when anything in it is wrong. */
export function fields<F extends Fields>(
  known: F,
  required: readonly (keyof F & string)[],
  shape: string,
): OptionReader<ReadFields<F>> {
  return {
    shape,
    read: (node, path, problems) => {
      if (node.type !== "map") {
        const is = node.type === "null" ? "has no value" : `is ${describeNode(node)}`;
        problems.add(node.at, path, `${path} ${is}`, `write ${shape}`);
        return null;
      }
      const before = problems.found.length;
      const read: Record<string, unknown> = {};
      for (const { key, keyAt, value } of node.entries) {
        const reader = Object.hasOwn(known, key) ? known[key] : undefined;
        if (reader) read[key] = reader.read(value, `${path}.${key}`, problems);
        else problems.add(keyAt, path, `unknown key ${quoted(key)} in ${path}`, suggestWord(key, Object.keys(known)));
      }
      const missing = required.find((key) => !node.entries.some((entry) => entry.key === key));
      if (missing !== undefined) problems.add(node.at, path, `${path} has no ${missing}`, `write ${shape}`);
      // Each value was read by the reader of its key.
      return problems.found.length === before ? (read as ReadFields<F>) : null;
    },
  };
}

/** What another reader has read, as it is used; a string says what is wrong with it. */
export function mapped<A, B extends object>(reader: OptionReader<A>, map: (read: A) => B | string): OptionReader<B> {
  return {
    shape: reader.shape,
    read: (node, path, problems) => {
      const read = reader.read(node, path, problems);
      if (read === null) return null;
      const made = map(read);
      if (typeof made !== "string") return made;
      problems.add(node.at, path, `${path} ${made}`, `write ${reader.shape}`);
      return null;
    },
  };
}
