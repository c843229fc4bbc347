/** Encrypts and decrypts with the farm's key. `context` is authenticated with it: a ciphertext put elsewhere does not open. */
export interface SecretCipher {
  /** Tells this key from others, and nothing of it. */
  readonly keyId: string;
  seal(value: string, context: string): { readonly nonce: Uint8Array; readonly ciphertext: Uint8Array };
  /** null: it was sealed with another key or for another context, or it was changed. */
  open(sealed: { readonly nonce: Uint8Array; readonly ciphertext: Uint8Array }, context: string): string | null;
}

/** Why there is no key, and what to do, in a sentence without its subject. */
export type OpenedCipher =
  | { readonly ok: true; readonly cipher: SecretCipher }
  | { readonly ok: false; readonly detail: string };
