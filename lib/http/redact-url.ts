const REDACTED = "[redacted]";

/**
 * Query parameters that carry credentials: OAuth, API keys, and signed links of AWS, Google, Azure.
 *
 * Compared in lower case, without "-" and "_".
 */
const SENSITIVE =
  /^(?:auth|authorization|key|sig|pass|passwd|pwd|jwt|code|sid|session|sessionid|assertion|clientassertion|awsaccesskeyid|googleaccessid|accesskey|accesskeyid|subscriptionkey)$|(?:token|secret|password|apikey|signature|credential|credentials)$/;

/**
 * Returns a URL as text fit for messages and logs: without userinfo and without the values of query
 * parameters that carry credentials. The rest of the text stays byte for byte.
 */
export function redactUrl(url: URL | string): string {
  return String(url)
    .replace(/^([^/?#]*\/\/)?[^/?#]+@/, `$1${REDACTED}@`)
    .replace(/([?&;#])([^=&;?#]+)=([^&;#]*)/g, (pair, before: string, name: string) =>
      isSensitive(name) ? `${before}${name}=${REDACTED}` : pair,
    );
}

function isSensitive(name: string): boolean {
  return SENSITIVE.test(decode(name).toLowerCase().replaceAll(/[-_]/g, ""));
}

function decode(name: string): string {
  try {
    return decodeURIComponent(name);
  } catch {
    // A name with broken percent-encoding is compared as it stands.
    return name;
  }
}
