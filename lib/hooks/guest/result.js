// What a handler returned, as the host reads it.
(function result({ host, part, stringify, traceOf }) {
  const { keys } = Object;

  // What an event tells and nobody can change.
  const TOLD = ["request", "timing", "hops"];

  // Reads an event that came back: what was not changed is not told again.
  function readEvent(event, { before, lists }) {
    const fields = { __proto__: null, type: event.type, headers_all: lists };
    for (const name of keys(event)) {
      const value = event[name];
      const isSame = typeof value === "object" ? TOLD.includes(name) : value === before[name];
      if (!isSame) fields[name] = value;
    }
    return { fields, given: event.body };
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

  // Null as prototype: somebody may have given every object a toJSON of his own.
  function finish(call, value) {
    if (typeof value !== "object") {
      const scalar = { __proto__: null, kind: "scalar", type: typeof value };
      return void host("result", call, stringify(scalar));
    }
    const trace = traceOf(value);
    const { fields, given } = trace === undefined ? readObject(value) : readEvent(value, trace);
    const { kind, content } = given === undefined ? { kind: "none" } : part("body").bodyOf(given);
    // By hand: the engine takes longer for one object around it.
    const text = `{"kind":"object","body":"${kind}","fields":${stringify(fields)}}`;
    host("result", call, text, content);
  }

  return { finish };
});
