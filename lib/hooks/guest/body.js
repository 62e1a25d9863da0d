// Bodies: text, bytes, or anything else as JSON.
(function body({ host, operate, stringify }) {
  // Returns bytes as an ArrayBuffer of their own, or undefined when `value` holds none.
  function bytesOf(value) {
    if (value instanceof ArrayBuffer) return value;
    if (!ArrayBuffer.isView(value)) return undefined;
    return value.buffer.slice(value.byteOffset, value.byteOffset + value.byteLength);
  }

  // Returns kind and content of a body.
  function bodyOf(value) {
    if (value === undefined || value === null) return { kind: "none" };
    if (typeof value === "string") return { kind: "text", content: value };
    const bytes = bytesOf(value);
    if (bytes !== undefined) return { kind: "bytes", content: bytes };
    const text = stringify(value);
    if (text === undefined) throw new TypeError("The body is neither text, bytes nor JSON");
    return { kind: "json", content: text };
  }

  // Returns the body of an event: the one assigned, else the one of the call.
  async function read(assigned, call, as) {
    if (assigned === undefined || assigned === null) {
      return host("call-body", call, as) ?? (await operate("body", { call, as })).body;
    }
    const { kind, content } = bodyOf(assigned);
    if (as === "text") return kind === "bytes" ? host("text", 0, "", content) : content;
    return kind === "bytes" ? content : host("utf8", 0, "", content);
  }

  return { bytesOf, bodyOf, read };
});
