// Gives every request an id of its own, so that it can be found in the logs of the server.

export const plugin = {
  name: "request-id",
  version: "1.0.0",
  description: "Adds X-Request-Id to requests that have none",
  capabilities: ["rewrite"],
  options: { header: "x-request-id" },
};

weir.on("pre_request", (event, ctx) => {
  const name = String(ctx.options.header).toLowerCase();
  if (name in event.headers) return undefined;
  event.headers[name] = crypto.randomUUID();
  return event;
});
