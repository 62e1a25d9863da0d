import type { HeaderList } from "../http/headers.ts";
import { proxyAuthorization } from "./tunnel.ts";
import type { Proxy, WireRequest } from "./wire.ts";

/** The parts of a request that differ when a proxy is asked without a tunnel. */
export interface AbsoluteForm {
  readonly target: string;
  readonly headers: HeaderList;
}

/**
 * Returns target and headers of a request as an HTTP proxy wants them for a plain http URL: the
 * whole URL (RFC 9112 section 3.2.2) and the credentials that are the proxy's own.
 */
export function absoluteForm({ target, url, headers }: WireRequest, proxy: Proxy): AbsoluteForm {
  const authorization = proxyAuthorization(proxy);
  return {
    target: absoluteTarget(target, url),
    headers:
      authorization === undefined ? headers : [...headers, ["Proxy-Authorization", authorization]],
  };
}

function absoluteTarget(target: string, url: URL): string {
  const origin = `http://${url.host}`;
  // OPTIONS * of the origin is an absolute form without a path, RFC 9112 section 3.2.4.
  if (target === "*") return origin;
  if (target.startsWith("/")) return origin + target;
  return /^[a-z][a-z0-9+.-]*:\/\//i.test(target) ? target : `${origin}/${target}`;
}
