// Puts the latest prices into the arguments of a tool call before the tool runs. Without prices
// there is no call.

export const plugin = {
  name: "price-enrich",
  version: "1.0.0",
  description: "Adds the latest prices to the arguments of the tool fetch_prices",
  capabilities: ["rewrite"],
  net: ["api.prices.com"],
  options: { url: "https://api.prices.com/latest", tool: "fetch_prices" },
};

weir.on("pre_tool_call", async (event, ctx) => {
  if (event.tool !== ctx.options.tool) return undefined;
  const response = await http.get(String(ctx.options.url));
  if (!response.ok) {
    return { cancel: true, reason: response.error ?? `HTTP ${response.status}` };
  }
  event.args.prices = oq.parse(response.body);
  return event;
});
