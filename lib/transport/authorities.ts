/** Returns the PEM text of the certificate authorities that come with the runtime, and no others. */
export async function bundledAuthorities(): Promise<string> {
  const { rootCertificates } = await import("node:tls");
  return rootCertificates.join("\n");
}
