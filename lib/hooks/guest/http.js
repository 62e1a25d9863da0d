// http.*, http.client, the fluent client and core.http.*, all on one operation of the host.
(function http(internals) {
  const { host, operate, part, parse, stringify } = internals;
  const { bodyOf } = part("body");
  const { entries, freeze, keys } = Object;
  const VERBS = ["get", "post", "put", "patch", "delete", "head", "options"];
  const DEFAULT_SECONDS = 30;
  let lastClient = 0;

  function checkKeys(what, options, known) {
    if (typeof options !== "object" || options === null) {
      throw new TypeError(`The options of ${what} are an object`);
    }
    const unknown = keys(options).find((name) => !known.includes(name));
    if (unknown === undefined) return;
    throw new TypeError(`${what} has no option ${unknown}; it has ${known.join(", ")}`);
  }

  function checkText(what, value) {
    if (typeof value !== "string") throw new TypeError(`${what} is text, not ${typeof value}`);
    return value;
  }

  /** Returns header lines; a list stands for repeated lines. */
  function linesOf(headers = {}) {
    if (typeof headers !== "object" || headers === null) {
      throw new TypeError("The headers are an object of names and values");
    }
    return entries(headers).flatMap(([name, value]) =>
      (Array.isArray(value) ? value : [value]).map((one) => {
        if (typeof one === "number") return [name, String(one)];
        return [name, checkText(`Header ${name}`, one)];
      }),
    );
  }

  function pairsOf(query = {}) {
    if (typeof query !== "object" || query === null) {
      throw new TypeError("The query is an object of names and values");
    }
    return entries(query).flatMap(([name, value]) =>
      (Array.isArray(value) ? value : [value]).map((one) => [name, String(one)]),
    );
  }

  function secondsOf(timeout = DEFAULT_SECONDS) {
    if (typeof timeout === "number" && timeout > 0 && timeout < Infinity) return timeout;
    throw new TypeError("The timeout is a number of seconds above 0");
  }

  function mapOf(lines) {
    const lists = new Map();
    for (const [name, value] of lines) lists.set(name, [...(lists.get(name) ?? []), value]);
    // A server may call a header as every object calls something of its own.
    const all = Object.fromEntries(lists);
    const map = Object.fromEntries(
      entries(all).map(([name, list]) => [name, freeze(list).join(", ")]),
    );
    return { map: freeze(map), all: freeze(all) };
  }

  function responseOf({ value, body }) {
    const { map, all } = mapOf(value.headers);
    return freeze({
      status: value.status,
      ok: value.status >= 200 && value.status < 300,
      headers: map,
      headers_all: all,
      body: body ?? "",
      url: value.url,
      ...(value.error === undefined ? {} : { error: value.error, error_code: value.error_code }),
    });
  }

  /** Sends one request of `client`; resolves to a response also when it failed. */
  function send(client, { method, url, headers, query, body, timeout, contentType }) {
    const { kind, content } = bodyOf(body);
    const args = {
      client: client.id,
      method,
      url: checkText("The URL", url),
      base: client.baseUrl,
      headers: [...client.headers, ...linesOf(headers)],
      authorization: client.authorization,
      query: pairsOf(query),
      timeout: secondsOf(timeout ?? client.timeout),
      type: contentType ?? (kind === "json" ? "application/json" : null),
      hasBody: kind !== "none",
    };
    if (client.isClosed) return Promise.resolve(responseOf({ value: closedAnswer(args) }));
    return operate("http", args, content).then(responseOf);
  }

  // As the host answers what was under way when the client was closed.
  function closedAnswer({ url }) {
    const error = "The client is closed";
    return { status: 0, headers: [], url, error, error_code: "aborted" };
  }

  function authorizationOf(auth) {
    if (auth === undefined) return null;
    checkKeys("auth", auth, ["user", "password", "bearer"]);
    if (auth.bearer !== undefined) {
      return `Bearer ${checkText("auth.bearer", auth.bearer)}`;
    }
    const text = `${checkText("auth.user", auth.user)}:${checkText("auth.password", auth.password ?? "")}`;
    return `Basic ${host("to-base64", 0, "", text)}`;
  }

  const collected = new FinalizationRegistry((id) => host("close-client", id, ""));

  function stateOf(options) {
    checkKeys("http.client()", options, ["baseUrl", "headers", "auth", "timeout"]);
    const { baseUrl = null, headers, auth, timeout } = options;
    if (baseUrl !== null) checkText("baseUrl", baseUrl);
    const authorization = authorizationOf(auth);
    return {
      id: ++lastClient,
      baseUrl,
      headers: linesOf(headers),
      authorization,
      timeout: secondsOf(timeout),
    };
  }

  function close(state) {
    state.isClosed = true;
    host("close-client", state.id, "");
  }

  /** Closes the client when nobody holds it; a request under way holds its state, and so the client. */
  function kept(state, owner) {
    state.owner = owner;
    collected.register(owner, state.id);
    return state;
  }

  const SHORT_KEYS = ["headers", "body", "timeout", "query"];

  /** Returns the verbs, and `request`, of a client that `stateOfSelf` looks up. */
  function verbsOf(stateOfSelf) {
    const verbs = {};
    for (const verb of VERBS) {
      verbs[verb] = (url, options = {}) => {
        checkKeys(`http.${verb}()`, options, SHORT_KEYS);
        return send(stateOfSelf(), { ...options, method: verb.toUpperCase(), url });
      };
    }
    verbs.request = (options) => {
      checkKeys("http.request()", options, ["url", "method", ...SHORT_KEYS]);
      const method = checkText("The method", options.method ?? "GET").toUpperCase();
      return send(stateOfSelf(), { ...options, method });
    };
    return verbs;
  }

  /** A response of the fluent client: its body is read by calling. */
  class FluentResponse {
    #response;

    constructor(response) {
      this.#response = response;
      for (const name of ["status", "ok", "headers", "headers_all", "url"])
        this[name] = response[name];
      freeze(this);
    }

    async text() {
      return this.#response.body;
    }

    async json() {
      return parse(this.#response.body);
    }
  }

  /** A request under way; `send` sends it and throws when no response came. */
  class FluentRequest {
    #client;
    #parts;

    constructor(client, method, url) {
      this.#client = client;
      this.#parts = { method, url, headers: {}, query: {} };
    }

    #add(map, name, value) {
      const before = map[name];
      map[name] = before === undefined ? value : [before, value].flat();
      return this;
    }

    header(name, value) {
      return this.#add(this.#parts.headers, checkText("The header name", name), value);
    }

    query(name, value) {
      return this.#add(this.#parts.query, checkText("The query name", name), value);
    }

    body(value) {
      this.#parts.body = value;
      return this;
    }

    timeout(seconds) {
      this.#parts.timeout = seconds;
      return this;
    }

    async send() {
      const response = await send(this.#client, this.#parts);
      if (response.error === undefined) return new FluentResponse(response);
      const error = new Error(response.error);
      error.code = response.error_code;
      throw error;
    }
  }

  class Client {
    #state;

    constructor(options = {}) {
      this.#state = kept(stateOf(options), this);
      for (const verb of VERBS) {
        this[verb] = (url) => new FluentRequest(this.#state, verb.toUpperCase(), url);
      }
    }

    request(method, url) {
      return new FluentRequest(this.#state, checkText("The method", method).toUpperCase(), url);
    }

    close() {
      close(this.#state);
    }
  }

  function client(options = {}) {
    const state = stateOf(options);
    const made = { ...verbsOf(() => state), close: () => close(state) };
    kept(state, made);
    return freeze(made);
  }

  const own = {
    id: 0,
    baseUrl: null,
    headers: [],
    authorization: null,
    timeout: DEFAULT_SECONDS,
  };

  /** Calls `callback` on a later turn, when the host delivers; never in the stack of its caller. */
  function answer(state, parts, callback) {
    if (typeof callback !== "function") throw new TypeError("The last argument is a function");
    void send(state, parts)
      .then(({ status, body, headers, error }) => callback({ status, body, headers, error }))
      .catch((thrown) => {
        const { message, stack } = Object(thrown);
        host("log", 3, `callback of core.http: ${message}\n${stack}`);
      });
  }

  /** Takes the callback off the end and fills up what was left out before it. */
  function split(args, least, most, usage) {
    const callback = args[args.length - 1];
    const given = args.slice(0, -1);
    if (typeof callback !== "function" || given.length < least || given.length > most) {
      throw new TypeError(`Call it as ${usage}`);
    }
    return { callback, given };
  }

  function checkedHeaders(headers = {}) {
    for (const [name, value] of entries(headers)) checkText(`Header ${name}`, value);
    return headers;
  }

  function callbackVerbs(state, prefix) {
    const withoutBody = (method) =>
      function withoutBodyCall(...args) {
        const { callback, given } = split(args, 1, 2, `${prefix}(url[, headers], callback)`);
        const [url, headers] = given;
        answer(state, { method, url, headers: checkedHeaders(headers) }, callback);
      };
    const withBody = (method) =>
      function withBodyCall(...args) {
        const usage = `${prefix}(url, body[, content_type[, headers]], callback)`;
        const { callback, given } = split(args, 2, 4, usage);
        const [url, body, type = "application/json", headers] = given;
        const contentType = checkText("The content type", type);
        const text = checkText("The body", body);
        answer(
          state,
          { method, url, body: text, contentType, headers: checkedHeaders(headers) },
          callback,
        );
      };
    return {
      get: withoutBody("GET"),
      delete: withoutBody("DELETE"),
      post: withBody("POST"),
      put: withBody("PUT"),
      request(...args) {
        const usage = `${prefix}(method, url[, body[, headers]], callback)`;
        const { callback, given } = split(args, 2, 4, usage);
        const [method, url, body, headers] = given;
        const verb = checkText("The method", method).toUpperCase();
        if (body !== undefined && body !== null) checkText("The body", body);
        answer(state, { method: verb, url, body, headers: checkedHeaders(headers) }, callback);
      },
    };
  }

  const coreHttp = {
    ...callbackVerbs(own, "core.http"),
    client() {
      const state = stateOf({});
      const made = callbackVerbs(state, "client");
      kept(state, made);
      return freeze(made);
    },
  };
  const line = (level) => (value) =>
    void host("log", level, typeof value === "string" ? value : String(stringify(value)));
  return {
    http: freeze({ ...verbsOf(() => own), client, Client }),
    core: freeze({
      http: freeze(coreHttp),
      log: line(1),
      log_warning: line(2),
      log_error: line(3),
    }),
  };
});
