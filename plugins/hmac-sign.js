// Signs requests with a key that this code never sees: weir.secret() is a placeholder, and the host
// computes the HMAC.

export const plugin = {
  name: "hmac-sign",
  version: "1.0.0",
  description: "Signs method, path, time and body with HMAC-SHA-256",
  capabilities: ["rewrite", "secrets"],
  options: { secret: "hmac", header: "x-signature", time_header: "x-timestamp", key_id: "" },
};

// Late, so that it signs what the other plugins made of the request.
weir.on("pre_request", { priority: 900 }, async (event, ctx) => {
  const { secret, header, time_header: timeHeader, key_id: keyId } = ctx.options;
  const seconds = String(Math.floor(Date.now() / 1000));
  const { pathname, search } = new URL(event.url);
  const bodyHash = await crypto.hash("sha256", await event.bytes());
  const text = [event.method, pathname + search, seconds, bodyHash].join("\n");
  const signature = await crypto.hmac("sha256", weir.secret(String(secret)), text);
  event.headers[String(timeHeader).toLowerCase()] = seconds;
  event.headers[String(header).toLowerCase()] = keyId ? `${keyId}:${signature}` : signature;
  return event;
});
