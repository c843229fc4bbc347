// oxlint-disable typescript/no-deprecated -- Provisioned files are in the classic schema.
import type { Dashboard } from "@grafana/grafana-foundation-sdk/dashboard";
import type { Dataquery } from "@grafana/grafana-foundation-sdk/prometheus";

/** Any query of the SDK's types; ours all ask Prometheus. */
interface AnyQuery {
  _implementsDataqueryVariant(): void;
}

/** A type as JSON has it: members of enums by their values. */
type Plain<T> = T extends string
  ? `${T}`
  : T extends number
    ? `${T}` extends `${infer N extends number}`
      ? N
      : T
    : T extends boolean | null | undefined
      ? T
      : T extends readonly (infer E)[]
        ? readonly Plain<E>[]
        : T extends AnyQuery
          ? PlainObject<Omit<Dataquery, keyof AnyQuery>>
          : T extends object
            ? PlainObject<T>
            : T;
type PlainObject<T> = { readonly [K in keyof T]: Plain<T[K]> };

/** What Grafana takes for a dashboard: its types are generated from the same definitions as its published JSON schema. */
export type StrictDashboard = Plain<Dashboard>;
