import { createHash } from "node:crypto";
import { join } from "node:path";
import { openOwnFile } from "./own-file.ts";
import { digestOf, wheelMembers, type WheelMember } from "./wheel-members.ts";

/** Files that are read at once. */
const FILES_AT_ONCE = 8;
/** What installers write themselves, whatever the wheel has there (PEP 376, 610, 627). */
const INSTALLERS = /^[^/]+\.dist-info\/(?:RECORD(?:\.jws|\.p7s)?|INSTALLER|REQUESTED|direct_url\.json)$/;

/**
 * Compares what is installed with the files of a wheel: the first file of the
 * wheel that is not there or has other bytes, or null when every one is as the
 * wheel has it. Scripts are not looked at, since installers write their
 * interpreter into them. Unlike the digest that a pip reports, this holds for
 * every version of pip, and for files that something else has written since.
 */
export async function firstDifference(
  wheel: string,
  { sitePackages, virtualEnv }: { readonly sitePackages: string; readonly virtualEnv: string },
): Promise<string | null> {
  const targets = (await wheelMembers(wheel)).flatMap((member) => {
    const target = targetOf(member.path, sitePackages, virtualEnv);
    return target === null ? [] : [{ member, target }];
  });
  let next = 0;
  let different: string | null = null;
  const work = async (): Promise<void> => {
    for (;;) {
      const one = targets[next++];
      if (!one || different !== null) return;
      if (!(await isAsIn(one.member, one.target, virtualEnv))) different ??= one.member.path;
    }
  };
  await Promise.all(Array.from({ length: FILES_AT_ONCE }, work));
  return different;
}

/** Where a member of a wheel is installed (PEP 427); null for those that are not compared. */
function targetOf(path: string, sitePackages: string, virtualEnv: string): string | null {
  if (INSTALLERS.test(path)) return null;
  const [, scheme, rest] = /^[^/]+\.data\/([^/]+)\/(.+)$/.exec(path) ?? [];
  if (scheme === undefined || rest === undefined) return join(sitePackages, path);
  if (scheme === "purelib" || scheme === "platlib") return join(sitePackages, rest);
  return scheme === "data" ? join(virtualEnv, rest) : null;
}

async function isAsIn({ hash }: WheelMember, target: string, virtualEnv: string): Promise<boolean> {
  const file = await openOwnFile(target, virtualEnv);
  if (!file) return false;
  const computed = createHash(hash.algorithm);
  // Closes it, too.
  for await (const piece of file.createReadStream()) computed.update(piece as Buffer);
  return digestOf(computed) === hash.digest;
}
