// The server of the pipeline benchmark, in a process of its own: it must not take the time of what
// is measured. Prints its port. `/item/N` is a small JSON, `/page?bytes=N` one large one.

const ROW = `{"id":1,"name":"${"x".repeat(900)}","tags":["a","b"]},`;
const ROWS_A_CHUNK = 256;

/** Yields a page of about `bytes` bytes: rows between a cursor in front and one behind. */
function* page(bytes: number): Generator<Uint8Array> {
  const encoder = new TextEncoder();
  const chunk = encoder.encode(ROW.repeat(ROWS_A_CHUNK));
  yield encoder.encode('{"first":"a","items":[');
  for (let sent = 0; sent < bytes; sent += chunk.byteLength) yield chunk;
  yield encoder.encode('{"id":2}],"next":"b"}');
}

const JSON_TYPE = { headers: { "Content-Type": "application/json" } };

const server = Bun.serve({
  port: 0,
  hostname: "127.0.0.1",
  idleTimeout: 0,
  fetch(request) {
    const { pathname, searchParams } = new URL(request.url);
    if (pathname !== "/page") {
      return new Response(`{"id":${Number(pathname.slice(6))},"price":12.5}`, JSON_TYPE);
    }
    const chunks = page(Number(searchParams.get("bytes")));
    const stream = new ReadableStream<Uint8Array>({
      pull(controller) {
        const next = chunks.next();
        if (next.done === true) controller.close();
        else controller.enqueue(next.value);
      },
    });
    return new Response(stream, JSON_TYPE);
  },
});
console.log(server.port);
