// ctx.store, kept for the run, and ctx.storage, kept across runs.
(function store({ host, operate, parse, stringify, settings }) {
  function textOf(value, what) {
    const text = stringify(value);
    if (text === undefined) throw new TypeError(`${what} holds JSON values only`);
    return text;
  }

  let held;
  // Not before the plugin is loaded, which is when the host says what it held.
  const all = () => (held ??= new Map(Object.entries(settings().store)));

  class Store {
    get(key) {
      const text = all().get(String(key));
      return text === undefined ? undefined : parse(text);
    }

    has(key) {
      return all().has(String(key));
    }

    set(key, value) {
      const text = textOf(value, "ctx.store");
      host("store", 0, stringify([String(key), text]));
      all().set(String(key), text);
    }

    delete(key) {
      host("store", 0, stringify([String(key)]));
      return all().delete(String(key));
    }

    keys() {
      return [...all().keys()];
    }
  }

  const ask = async (action, args) => (await operate("storage", { action, ...args })).value;
  const storage = Object.freeze({
    get: async (key) => {
      const text = await ask("get", { key: String(key) });
      return text === null ? undefined : parse(text);
    },
    set: async (key, value) => {
      await ask("set", { key: String(key), value: textOf(value, "ctx.storage") });
    },
    delete: (key) => ask("delete", { key: String(key) }),
    keys: () => ask("keys", {}),
  });
  return { store: new Store(), storage };
});
