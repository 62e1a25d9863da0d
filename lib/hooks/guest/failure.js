// What is said when something is wrong.
(function failure({ host, settings, stringify }) {
  // Returns what describes a thrown value, whatever it is.
  function describe(thrown) {
    try {
      if (typeof thrown !== "object" || thrown === null) return { message: String(thrown) };
      const { name, message, stack, code } = thrown;
      // Not an error: what it holds says more than the names it lacks.
      if (message === undefined) return { message: String(stringify(thrown)).slice(0, 500) };
      return {
        name: String(name ?? ""),
        message: String(message),
        stack: String(stack).slice(0, 4000),
        ...(typeof code === "string" ? { code } : {}),
      };
    } catch {
      return { message: "a value that cannot be described" };
    }
  }

  // Throws the reason why a handler cannot be registered.
  function refuse({ type, run, pattern, priority, others, isLoading }) {
    if (!isLoading) throw new Error("weir.on() works only while the plugin is loaded");
    if (!settings().events.includes(type)) throw new TypeError(host("event", 0, String(type)));
    if (typeof run !== "function") throw new TypeError(`The handler of ${type} is not a function`);
    if (pattern !== undefined && typeof pattern !== "string") {
      throw new TypeError("The option pattern is text with * and **");
    }
    if (!Number.isFinite(priority)) {
      throw new TypeError("The option priority is a number; lower runs first");
    }
    const [unknown] = Object.keys(others);
    throw new TypeError(`weir.on() has no option ${unknown}; it has pattern and priority`);
  }

  return { describe, refuse };
});
