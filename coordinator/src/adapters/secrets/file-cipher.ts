import { createCipheriv, createDecipheriv, createHash, randomBytes } from "node:crypto";
import { readFileSync, statSync } from "node:fs";
import { writePrivateFile } from "@kiln/identity";
import type { OpenedCipher, SecretCipher } from "../../ports/secret-cipher.ts";

const KEY_BYTES = 32;
/** Of GCM, NIST SP 800-38D section 5.2.1.1. Random ones are good for 2^32 messages under one key. */
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/**
 * AES-256-GCM with the key in a file: 32 random bytes in Base64, readable by its
 * owner only. With `mayMake` a missing file is made; without, something is
 * encrypted already, and a new key would not open it.
 */
export function openFileCipher(file: string, mayMake: boolean): OpenedCipher {
  try {
    const { mode } = statSync(file);
    if (process.platform !== "win32" && (mode & 0o077) !== 0) {
      return { ok: false, detail: `the key ${file} can be read by others than its owner: chmod 600 it` };
    }
    const key = Buffer.from(readFileSync(file, "utf8").trim(), "base64");
    if (key.length !== KEY_BYTES) {
      return {
        ok: false,
        detail: `${file} is not a key of ${KEY_BYTES} bytes in Base64: put back the one that was there`,
      };
    }
    return { ok: true, cipher: cipherOf(key) };
  } catch (cause) {
    const isMissing = (cause as NodeJS.ErrnoException).code === "ENOENT";
    if (isMissing && mayMake) return makeKey(file);
    const what = isMissing ? "is not there" : `cannot be read (${(cause as Error).message})`;
    return {
      ok: false,
      detail: `the key ${file} ${what}: put it back, or remove the farm's secrets and set them anew`,
    };
  }
}

function makeKey(file: string): OpenedCipher {
  const key = randomBytes(KEY_BYTES);
  try {
    writePrivateFile(file, `${key.toString("base64")}\n`);
  } catch (cause) {
    return { ok: false, detail: `the key ${file} cannot be made: ${(cause as Error).message}` };
  }
  return { ok: true, cipher: cipherOf(key) };
}

function cipherOf(key: Buffer): SecretCipher {
  const keyId = createHash("sha256").update("kiln secrets key id\0").update(key).digest("hex").slice(0, 16);
  return {
    keyId,
    seal(value, context) {
      const nonce = randomBytes(NONCE_BYTES);
      const cipher = createCipheriv("aes-256-gcm", key, nonce, { authTagLength: TAG_BYTES });
      cipher.setAAD(Buffer.from(context));
      const ciphertext = Buffer.concat([cipher.update(value, "utf8"), cipher.final(), cipher.getAuthTag()]);
      return { nonce, ciphertext };
    },
    open({ nonce, ciphertext }, context) {
      if (nonce.length !== NONCE_BYTES || ciphertext.length < TAG_BYTES) return null;
      const decipher = createDecipheriv("aes-256-gcm", key, nonce, { authTagLength: TAG_BYTES });
      decipher.setAAD(Buffer.from(context));
      decipher.setAuthTag(ciphertext.subarray(-TAG_BYTES));
      try {
        const opened = Buffer.concat([decipher.update(ciphertext.subarray(0, -TAG_BYTES)), decipher.final()]);
        return opened.toString("utf8");
      } catch {
        return null;
      }
    },
  };
}
