// Turns the page a server shows people into a failure a program understands.

export const plugin = {
  name: "json-only",
  version: "1.0.0",
  description: "Fails a response that is not JSON, with a reason",
  fail: { post_request: "closed" },
};

weir.on("post_request", async (event) => {
  const type = event.headers["content-type"] ?? "";
  if (event.status === 204 || event.status === 304 || event.method === "HEAD") return undefined;
  if (/^[^;]*[/+]json\s*(;|$)/i.test(type)) return undefined;
  const what = type === "" ? "an answer without a content type" : type.split(";")[0];
  const title = /html/i.test(type) ? titleOf(await event.text()) : "";
  return { fail: true, reason: `expected JSON and got ${what}${title} (HTTP ${event.status})` };
});

/**
 * Returns the title of a page as part of a sentence, "" when it has none.
 *
 * @param {string} page
 */
function titleOf(page) {
  const title = /<title[^>]*>([^<]{1,120})/i.exec(page)?.[1]?.trim();
  return title ? ` titled "${title}"` : "";
}
