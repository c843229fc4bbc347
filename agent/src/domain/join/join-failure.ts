/** Why a machine could not join a farm, or cannot stay in it. */
export type JoinFailure =
  /** The token's own text is wrong; `detail` says how. */
  | { readonly kind: "malformed-token"; readonly detail: string }
  | { readonly kind: "bad-url"; readonly url: string }
  | { readonly kind: "plain-http"; readonly url: string }
  | { readonly kind: "unknown-host"; readonly host: string }
  | { readonly kind: "no-answer"; readonly host: string; readonly port: number; readonly how: string }
  /** Something answers there, but not with TLS. */
  | { readonly kind: "no-tls"; readonly host: string; readonly port: number }
  | { readonly kind: "no-farm"; readonly url: string; readonly what: string }
  | { readonly kind: "another-farm"; readonly expected: string; readonly found: string }
  /** What answers there has a certificate that is not the farm's. */
  | { readonly kind: "intercepted"; readonly host: string; readonly issuer: string; readonly proxy: Proxy | null }
  | { readonly kind: "wrong-name"; readonly host: string; readonly names: readonly string[] }
  | { readonly kind: "clock-skew"; readonly hereMs: number; readonly thereMs: number }
  | { readonly kind: "token-used"; readonly detail: string }
  | { readonly kind: "token-expired"; readonly detail: string }
  | { readonly kind: "token-unknown"; readonly detail: string }
  | { readonly kind: "revoked"; readonly detail: string }
  /** The farm said no, in its own words. */
  | { readonly kind: "refused"; readonly status: number; readonly detail: string }
  /** The farm is there and cannot answer now. */
  | { readonly kind: "unavailable"; readonly status: number; readonly detail: string };

/** A proxy that the environment names. */
export interface Proxy {
  /** "HTTPS_PROXY" */
  readonly variable: string;
  readonly value: string;
}

/** What happened, and what to do about it. */
export interface Words {
  readonly message: string;
  readonly advice: string;
}

/** Whether the same try may work a little later: the farm is starting, or the way to it comes back. */
export function isPassing({ kind }: JoinFailure): boolean {
  return kind === "unknown-host" || kind === "no-answer" || kind === "unavailable";
}

const NEW_TOKEN = "With another token this machine can join.";

/** A failure in words for the person at the machine. */
export function joinFailureWords(failure: JoinFailure): Words {
  switch (failure.kind) {
    case "malformed-token":
      return {
        message: `The token is not one of a farm's: ${failure.detail}`,
        advice: "Copy it whole, as kiln agent token printed it; it begins with kiln_join_.",
      };
    case "bad-url":
      return {
        message: `${JSON.stringify(failure.url)} is not the address of a farm.`,
        advice: "Write it as https://HOST:PORT, as kiln agent token printed it.",
      };
    case "plain-http":
      return {
        message: `${failure.url} is plain http: the token and all that the agent reports would be readable on the way.`,
        advice: `Farms answer with TLS: write ${failure.url.replace(/^http:/i, "https:")}.`,
      };
    case "token-used":
    case "token-expired":
    case "token-unknown":
      return { message: sentence(failure.detail), advice: NEW_TOKEN };
    case "revoked":
      return {
        message: `The farm has shut this agent out: ${failure.detail}`,
        advice: "An operator of the farm can say why, and make a token for it to join again.",
      };
    case "refused":
      return {
        message: `The farm refused (HTTP ${failure.status}): ${failure.detail}`,
        advice: "An operator of the farm finds the reason in its log.",
      };
    case "unavailable":
      return {
        message: `The farm cannot answer now (HTTP ${failure.status}): ${failure.detail}`,
        advice: "It is starting or stopping: try again in a moment.",
      };
    default:
      return wayWords(failure);
  }
}

type WayFailure = Extract<
  JoinFailure,
  {
    readonly kind:
      | "unknown-host"
      | "no-answer"
      | "no-tls"
      | "no-farm"
      | "another-farm"
      | "intercepted"
      | "wrong-name"
      | "clock-skew";
  }
>;

/** What is wrong between this machine and the farm. */
function wayWords(failure: WayFailure): Words {
  switch (failure.kind) {
    case "unknown-host":
      return {
        message: `The name ${failure.host} cannot be resolved on this machine.`,
        advice: "Check its spelling and this machine's DNS, or join by the farm's IP address.",
      };
    case "no-answer":
      return {
        message: `Nothing answers at ${failure.host}, port ${failure.port}: ${failure.how}.`,
        advice:
          "Check that the farm runs and listens on that address (kiln up listens on 127.0.0.1 only, unless --host says otherwise), and that no firewall closes the port.",
      };
    case "no-tls":
      return {
        message: `What answers at ${failure.host}, port ${failure.port}, does not speak TLS: it is no farm, or another port of it.`,
        advice: "Use the address that kiln agent token printed: it is the farm's HTTPS port.",
      };
    case "no-farm":
      return {
        message: `What answers at ${failure.url} is no farm: ${failure.what}.`,
        advice: "Use the address that kiln agent token printed.",
      };
    case "another-farm":
      return {
        message: `The token is of another farm: it was made by the one with fingerprint ${failure.expected}, and ${failure.found} answers there.`,
        advice: "Use the address and the token that the same kiln agent token printed.",
      };
    case "intercepted":
      return interceptedWords(failure);
    case "wrong-name":
      return {
        message: `The farm's certificate is not for ${failure.host}: it is for ${failure.names.join(", ") || "no name"}.`,
        advice: `Join by one of these, or start the farm so that it has this name, too: kiln up --host ADDRESS,${failure.host}.`,
      };
    case "clock-skew":
      return {
        message: `This machine's clock says ${time(failure.hereMs)}, the farm's says ${time(failure.thereMs)}: they are ${apart(failure)} apart, and certificates need them to agree.`,
        advice: "Set the wrong one (timedatectl set-ntp true, or chronyc makestep), and try again.",
      };
  }
}

function interceptedWords({ host, issuer, proxy }: Extract<JoinFailure, { readonly kind: "intercepted" }>): Words {
  const direct = `Let this machine reach ${host} directly`;
  return {
    message: `Something between this machine and the farm answers in its place: its certificate is from "${issuer}", not from the farm.`,
    advice:
      proxy === null
        ? `It is likely a proxy that opens TLS. ${direct}, past it.`
        : `${proxy.variable} names the proxy ${proxy.value}. ${direct}: put ${host} into NO_PROXY, and have the proxy let it through unopened.`,
  };
}

function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}${text.endsWith(".") ? "" : "."}`;
}

/** As Sweden writes it: 2026-11-21 11:37:06. */
const UTC = new Intl.DateTimeFormat("sv-SE", { dateStyle: "short", timeStyle: "medium", timeZone: "UTC" });

/** Unix time in milliseconds as people and logs have it: UTC, to the second. */
export function time(ms: number): string {
  return `${UTC.format(ms)} UTC`;
}

function apart({ hereMs, thereMs }: { readonly hereMs: number; readonly thereMs: number }): string {
  const seconds = Math.round(Math.abs(hereMs - thereMs) / 1000);
  if (seconds < 120) return `${seconds} s`;
  const minutes = Math.round(seconds / 60);
  return minutes < 120 ? `${minutes} min` : `${Math.round(minutes / 60)} h`;
}
