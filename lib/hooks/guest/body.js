// Bodies: text, bytes, or anything else as JSON.
(function body({ host, operate }) {
  const { stringify } = JSON;

  // Returns bytes as an ArrayBuffer of their own, or undefined when `value` holds none.
  function bytesOf(value) {
    if (value instanceof ArrayBuffer) return value;
    if (!ArrayBuffer.isView(value)) return undefined;
    return value.buffer.slice(value.byteOffset, value.byteOffset + value.byteLength);
  }

  // The engine hands text to its host up to the first NUL.
  function bytesWithNul(text) {
    const pieces = text.split("\0").map((piece) => new Uint8Array(host("utf8", 0, piece)));
    const whole = new Uint8Array(pieces.reduce((sum, { length }) => sum + length + 1, -1));
    let at = 0;
    for (const piece of pieces) {
      whole.set(piece, at);
      at += piece.length + 1;
    }
    return whole.buffer;
  }

  // Returns kind and content of a body.
  function bodyOf(value) {
    if (value === undefined || value === null) return { kind: "none" };
    if (typeof value === "string") {
      if (value.includes("\0")) return { kind: "bytes", content: bytesWithNul(value) };
      return { kind: "text", content: value };
    }
    const bytes = bytesOf(value);
    if (bytes !== undefined) return { kind: "bytes", content: bytes };
    const text = stringify(value);
    if (text === undefined) throw new TypeError("The body is neither text, bytes nor JSON");
    return { kind: "json", content: text };
  }

  // Returns the body of an event: the one assigned, else the one of the call.
  async function read(assigned, call, as) {
    const { kind, content } = bodyOf(assigned);
    if (kind === "none") {
      return host("call-body", call, as) ?? (await operate("body", { call, as })).body;
    }
    if (as === "text") return kind === "bytes" ? host("text", 0, "", content) : content;
    return kind === "bytes" ? content : host("utf8", 0, content);
  }

  return { bytesOf, bodyOf, read };
});
