// Gives unsafe requests a key under which a server does the work once, however often it is asked.
// https://datatracker.ietf.org/doc/draft-ietf-httpapi-idempotency-key-header/

export const plugin = {
  name: "idempotency-key",
  version: "1.0.0",
  description: "Adds Idempotency-Key to POST and PATCH requests that have none",
  capabilities: ["rewrite"],
  options: { methods: ["POST", "PATCH"], header: "idempotency-key" },
};

weir.on("pre_request", (event, ctx) => {
  const { methods, header } = ctx.options;
  const name = String(header).toLowerCase();
  const isMeant = [methods].flat().includes(event.method);
  if (!isMeant || name in event.headers) return undefined;
  // Quoted: the value is a string of RFC 8941. One key a request, the same for all its attempts.
  event.headers[name] = `"${crypto.randomUUID()}"`;
  return event;
});
