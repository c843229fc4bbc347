import type { Secret } from "./secret-forms.ts";

/**
 * What stands before the host in the addresses of a text (RFC 3986, section
 * 3.2.1): passwords, and what is there alone in an http address, which is a token.
 */
export function urlPasswords(text: string): Secret[] {
  const found: Secret[] = [];
  for (const [, scheme = "", userinfo = ""] of text.matchAll(/\b([a-z][a-z0-9+.-]*):\/\/([^\s/@"'<>]+)@/gi)) {
    const colon = userinfo.indexOf(":");
    const [user, value] = colon < 0 ? ["", userinfo] : [userinfo.slice(0, colon), userinfo.slice(colon + 1)];
    // ${NAME} is put in by pip from the environment.
    if (value === "" || /^\$\{\w+\}$/.test(value)) continue;
    if (colon < 0 && !/https?$/i.test(scheme)) continue;
    found.push(user === "" ? { value } : { value, user });
  }
  return found;
}

/** The passwords of a .netrc file, which pip and git read. */
export function netrcPasswords(text: string): Secret[] {
  const found: Secret[] = [];
  for (const entry of text.split(/^\s*(?:machine|default)\b/m).slice(1)) {
    const user = /\blogin\s+(\S+)/.exec(entry)?.[1];
    const value = /\bpassword\s+(\S+)/.exec(entry)?.[1];
    if (value !== undefined) found.push(user === undefined ? { value } : { value, user });
  }
  return found;
}
