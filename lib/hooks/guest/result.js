// What a handler returned, as the host reads it.
(function result({ host, part, stringify, traceOf }) {
  const { hasOwn, keys } = Object;
  const { isArray } = Array;

  // What an event tells and nobody can change.
  const TOLD = ["request", "timing", "hops"];

  const isMap = (value) => value !== null && typeof value === "object" && !isArray(value);

  // Returns the headers that differ from those shown; an empty list says that one is gone.
  function changesOf(headers, shown) {
    const changes = { __proto__: null };
    let kept = 0;
    for (const name of keys(headers)) {
      const value = headers[name];
      const before = shown[name];
      if (value === undefined) continue;
      if (before !== undefined) kept += 1;
      // JSON leaves out what it cannot say; a header that is no text has to be seen.
      const isUnsaid = typeof value === "function" || typeof value === "symbol";
      if (value !== before) changes[name] = isUnsaid ? null : value;
    }
    if (kept === keys(shown).length) return changes;
    for (const name in shown) {
      if (!hasOwn(headers, name) || headers[name] === undefined) changes[name] = [];
    }
    return changes;
  }

  // Returns the fields of an event that came back: what was not changed is not told again.
  function eventFields(event, { before, shown, lists }) {
    const fields = { __proto__: null, type: event.type, headers_all: lists };
    for (const name of keys(event)) {
      const value = event[name];
      const isObject = typeof value === "object";
      if (!isObject && value === before[name]) continue;
      if (name === "headers" && isMap(value)) fields.header_changes = changesOf(value, shown);
      else if (!isObject || !TOLD.includes(name)) fields[name] = value;
    }
    return fields;
  }

  // Reads an object that the handler made itself.
  function readObject(value) {
    const fields = { __proto__: null, ...value };
    const isAnswer = !("type" in value) && value.respond !== undefined;
    if (!isAnswer) {
      fields.body = undefined;
      return { fields, given: value.body };
    }
    fields.respond = { ...value.respond, body: undefined };
    return { fields, given: value.respond?.body };
  }

  // Returns the result as text; its body goes to the host beside it. Null as prototype: somebody may
  // have given every object a toJSON of his own.
  function textOf(call, value) {
    if (typeof value !== "object") {
      return stringify({ __proto__: null, kind: "scalar", type: typeof value });
    }
    const trace = traceOf(value);
    const { fields, given } =
      trace === undefined
        ? readObject(value)
        : { fields: eventFields(value, trace), given: value.body };
    const { kind, content } = given === undefined ? { kind: "none" } : part("body").bodyOf(given);
    if (content !== undefined) host("content", call, "", content);
    // By hand: the engine takes longer for one object around it.
    return `{"kind":"object","body":"${kind}","fields":${stringify(fields)}}`;
  }

  return { textOf };
});
