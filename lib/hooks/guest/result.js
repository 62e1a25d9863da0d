// What a handler returned, as the host reads it.
(function result({ host, part, stringify, traceOf }) {
  const LONG = 100_000;

  // Returns what may have been changed in an event that came back; everything else is told only.
  // No loop and no comparison: the engine takes longer for one than the other side for all of it.
  function eventFields(event, lists) {
    return {
      __proto__: null,
      type: event.type,
      method: event.method,
      url: event.url,
      status: event.status,
      headers: event.headers,
      headers_all: lists,
      tool: event.tool,
      args: event.args,
      result: event.result,
      error: event.error,
      delay_ms: event.delay_ms,
    };
  }

  // Returns fields as text. Long ones are not told again where they are as they came: an answer of a
  // tool may be longer than all that a plugin may say.
  function fieldsText(fields, trace) {
    const text = stringify(fields);
    if (trace === undefined || text.length < LONG) return text;
    const before = trace.before();
    for (const name of ["args", "result", "error"]) {
      if (fields[name] === before[name]) fields[name] = undefined;
    }
    return stringify(fields);
  }

  // Reads an object that the handler made itself.
  function readObject(value) {
    const fields = { __proto__: null, ...value, toJSON: undefined };
    const isAnswer = !("type" in value) && value.respond !== undefined;
    if (!isAnswer) {
      fields.body = undefined;
      return { fields, given: value.body };
    }
    fields.respond = { ...value.respond, body: undefined, toJSON: undefined };
    return { fields, given: value.respond?.body };
  }

  // Returns the result as text; its body goes to the host beside it. Null as prototype, and no
  // toJSON: what the host reads has the form that is written here.
  function textOf(call, value) {
    if (typeof value !== "object") {
      return stringify({ __proto__: null, kind: "scalar", type: typeof value });
    }
    // Without its type an event is an object like any other, which may ask for something else.
    const trace = value.type === undefined ? undefined : traceOf(value);
    const { fields, given } =
      trace === undefined
        ? readObject(value)
        : { fields: eventFields(value, trace.lists), given: value.body };
    const { kind, content } = given === undefined ? { kind: "none" } : part("body").bodyOf(given);
    if (content !== undefined) host("content", call, "", content);
    // By hand: the engine takes longer for one object around it.
    return `{"kind":"object","body":"${kind}","fields":${fieldsText(fields, trace)}}`;
  }

  return { textOf };
});
