import { isIP } from "node:net";

/**
 * Makes the test whether the hub answers to a `Host` header. A web page elsewhere can point its own name at this
 * machine (DNS rebinding) and would then read the hub as if it were its own server; the header still bears that name.
 *
 * Taken, with any port: names and addresses of the loopback, the host that the hub is bound to, and `hosts`. Bound to
 * every address (`0.0.0.0`, `::`), it answers to any address written in digits, which nobody can rebind.
 */
export function hostCheck(bound: string, hosts: readonly string[]): (header: string | undefined) => boolean {
  const named = new Set([bound, ...hosts].map(plain));
  const everywhere = bound === "0.0.0.0" || bound === "::";
  return (header) => {
    const host = hostOf(header);
    if (host === null) return false;
    return named.has(host) || isLoopback(host) || (everywhere && isIP(host) !== 0);
  };
}

/** The header's host in small letters, without port and brackets; null for none or a malformed one. */
function hostOf(header: string | undefined): string | null {
  const match = /^(?:\[([0-9a-f:.]+)\]|([a-z0-9._-]+))(?::\d{1,5})?$/i.exec(header ?? "");
  const host = match?.[1] ?? match?.[2];
  return host === undefined ? null : plain(host);
}

/** A trailing dot says only that the name is complete. */
function plain(host: string): string {
  return host
    .toLowerCase()
    .replace(/^\[(.*)\]$/, "$1")
    .replace(/\.$/, "");
}

/** RFC 6761 section 6.3 (localhost and names under it), RFC 1122 section 3.2.1.3 (127/8), RFC 4291 section 2.5.3. */
function isLoopback(host: string): boolean {
  if (host === "localhost" || host.endsWith(".localhost") || host === "::1") return true;
  return isIP(host) === 4 && host.startsWith("127.");
}
