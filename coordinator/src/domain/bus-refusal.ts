/** One of the connections of a NATS server. */
export interface BusConnection {
  /** The server's number for it; a server that starts again counts anew. */
  readonly id: number;
  readonly address: string;
  readonly port: number;
}

/** What a NATS server has refused by itself, because of the rights in a user's JWT, or because it takes nobody for a user. */
export type BusRefusal =
  | { readonly kind: "login"; readonly connection: BusConnection }
  | {
      readonly kind: "publish" | "subscribe";
      readonly connection: BusConnection;
      readonly subject: string;
      /** The public key that the client has given for its own. Nobody has verified it. */
      readonly claimed: string;
    };
