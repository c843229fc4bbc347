/** One file of matrix/data, as JSON gives it. */
export interface DataFile {
  /** For error messages: `matrix/data/gpus.json`. */
  readonly file: string;
  readonly content: unknown;
}

/** Where a fact stands: a document, and its date or that of its reading ("2026-08-22" or "2026-08"). */
export interface Citation {
  readonly source: string;
  readonly asOf: string;
}

/** The documents that a file's records name, by their ids. */
export type Documents = ReadonlyMap<string, { readonly text: string; readonly date: string | null }>;

/**
 * Reads fields of one record. Data is committed with the code, so a malformed
 * record is a mistake of ours: every reader throws with file, record and field.
 */
export class DataRecord {
  readonly #file: string;
  readonly #name: string;
  readonly #fields: Readonly<Record<string, unknown>>;

  constructor(file: string, name: string, value: unknown) {
    this.#file = file;
    this.#name = name;
    if (!isObject(value)) throw new Error(`${file}: record ${name} is not an object`);
    this.#fields = value;
  }

  has(key: string): boolean {
    return this.#fields[key] !== undefined && this.#fields[key] !== null;
  }

  keys(): readonly string[] {
    return Object.keys(this.#fields);
  }

  text(key: string): string {
    const value = this.#fields[key];
    return typeof value === "string" && value !== "" ? value : this.fail(key, "a text that is not empty");
  }

  textOrNull(key: string): string | null {
    return this.has(key) ? this.text(key) : null;
  }

  number(key: string): number {
    const value = this.#fields[key];
    return typeof value === "number" && Number.isFinite(value) ? value : this.fail(key, "a number");
  }

  numberOrNull(key: string): number | null {
    return this.has(key) ? this.number(key) : null;
  }

  texts(key: string): readonly string[] {
    const value = this.#fields[key];
    if (!Array.isArray(value)) return this.fail(key, "a list of texts");
    return value.map((item) => (typeof item === "string" && item !== "" ? item : this.fail(key, "a list of texts")));
  }

  textsOrNull(key: string): readonly string[] | null {
    return this.has(key) ? this.texts(key) : null;
  }

  /** A text that matches, for versions and dates. */
  matching(key: string, pattern: RegExp, what: string): string {
    const value = this.text(key);
    return pattern.test(value) ? value : this.fail(key, what);
  }

  part(key: string): DataRecord {
    return new DataRecord(this.#file, `${this.#name}, ${key}`, this.#fields[key]);
  }

  partOrNull(key: string): DataRecord | null {
    return this.has(key) ? this.part(key) : null;
  }

  fail(key: string, expected: string): never {
    throw new Error(`${this.#file}: record ${this.#name}: ${key} must be ${expected}`);
  }
}

/** The documents and the records of a file, each record named by its `nameKey`; two records of one name are refused. */
export function readFile(
  { file, content }: DataFile,
  nameKey: string,
): { readonly documents: Documents; readonly records: readonly DataRecord[] } {
  if (!isObject(content)) throw new Error(`${file}: must be an object with documents and records`);
  const { documents, records } = content;
  if (!Array.isArray(records)) throw new Error(`${file}: records must be a list`);
  const names = new Set<string>();
  const read = records.map((value: unknown, index) => {
    const name = new DataRecord(file, `number ${index + 1}`, value).text(nameKey);
    if (names.has(name)) throw new Error(`${file}: two records are named ${name}`);
    names.add(name);
    return new DataRecord(file, name, value);
  });
  return { documents: readDocuments(file, documents), records: read };
}

function readDocuments(file: string, value: unknown): Documents {
  const documents = new DataRecord(file, "documents", value);
  return new Map(
    documents.keys().map((id) => {
      const { text, date } = readDocument(documents.part(id));
      return [id, { text, date }] as const;
    }),
  );
}

function readDocument(record: DataRecord): { text: string; date: string | null } {
  const date = record.has("date") ? record.matching("date", /^\d{4}-\d{2}(-\d{2})?$/, "a date") : null;
  return { text: record.text("text"), date };
}

/** By topic ("wheels", "arch-list"): what a record's facts were read from. */
export function readCitations(record: DataRecord, documents: Documents, asOf: string): ReadonlyMap<string, Citation> {
  const sources = record.part("sources");
  if (sources.keys().length === 0) record.fail("sources", "a table with at least one topic");
  return new Map(
    sources.keys().map((topic) => {
      const named = sources
        .texts(topic)
        .map((id) => documents.get(id) ?? sources.fail(topic, `known documents, not ${id}`));
      const dates = named.flatMap(({ date }) => date ?? []).toSorted();
      return [topic, { source: named.map(({ text }) => text).join("; "), asOf: dates.at(-1) ?? asOf }] as const;
    }),
  );
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
