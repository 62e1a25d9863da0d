import type { Clock } from "../base/clock.ts";
import { toWeirError, WeirError } from "../base/errors.ts";
import { utf8 } from "../base/bytes.ts";
import { isRecord } from "../base/record.ts";
import { type EventName, EVENTS, failsClosed, isEventName } from "./events.ts";
import { hookFailure, placeIn } from "./failure.ts";
import { DEFAULT_LIMITS, type PluginLimits, SCRIPT_LIMITS } from "./limits.ts";
import {
  type Capability,
  checkGiven,
  limitsOf,
  type Manifest,
  manifestWithout,
  readManifest,
} from "./manifest.ts";
import type { RawResult } from "./messages.ts";
import { type BodyReader, type HookSecrets, PluginOperations } from "./operations.ts";
import { globTest } from "./pattern.ts";
import type { PluginFile } from "./plugin-file.ts";
import { PluginHttp, type PluginClientFactory } from "./plugin-http.ts";
import type { Sandbox } from "./sandbox.ts";
import type { Seat } from "./seat.ts";
import type { PluginStorage } from "./storage.ts";

/** A plugin to load, and what it was granted beside its manifest. */
export interface PluginSpec {
  readonly file: PluginFile;
  /** Hosts added to those of the manifest (`--allow-net`, config `net`). */
  readonly net?: readonly string[] | undefined;
  /** Entries of the keychain it may use, if its manifest asks for secrets; undefined: all. */
  readonly secrets?: readonly string[] | undefined;
  /** Override the options of the manifest. */
  readonly options?: Readonly<Record<string, unknown>> | undefined;
  /** Checks the manifest against what was granted; throws PLUGIN_UNTRUSTED. */
  readonly check?: ((manifest: Manifest) => void) | undefined;
  /** Words after a script; makes the plugin one. */
  readonly args?: readonly string[] | undefined;
}

/** What plugins need from outside. */
export interface PluginPorts {
  readonly sandbox: Sandbox;
  readonly clock: Clock;
  readonly createClient: PluginClientFactory;
  readonly ownAddresses: () => readonly string[];
  readonly storage: (plugin: string) => PluginStorage | undefined;
  readonly secrets?: HookSecrets | undefined;
}

/** A handler as a plugin registered it. */
export interface Hook {
  readonly plugin: Plugin;
  readonly index: number;
  readonly event: EventName;
  /** The glob as it was written; undefined: every URL or tool. */
  readonly pattern: string | undefined;
  readonly matches: (subject: string) => boolean;
  readonly priority: number;
  /** file:line:column of its registration. */
  readonly where: string;
  readonly isClosed: boolean;
}

/** An event for one handler. */
export interface HookCall {
  readonly event: unknown;
  readonly context: Readonly<Record<string, unknown>>;
  /** A small body that is at hand, sent along; without bytes there is none. */
  readonly body?: Uint8Array | undefined;
  /** Reads the body when the handler asks for it. */
  readonly read?: BodyReader | undefined;
}

/** Most handlers a plugin may register. */
const HOOK_LIMIT = 200;

/** One plugin: its manifest, its handlers, and the seat it runs in. */
export class Plugin {
  readonly #spec: PluginSpec;
  readonly #seat: Seat;
  readonly #http: PluginHttp;
  readonly #operations: PluginOperations;
  #storage: PluginStorage | undefined;
  #manifest: Manifest;
  #limits: PluginLimits;
  #net: readonly string[] = [];
  #hooks: readonly Hook[] = [];
  #status: unknown;
  #requestsLeft: number;
  #callsUnderWay = 0;

  constructor(id: number, spec: PluginSpec, ports: PluginPorts) {
    const { file } = spec;
    this.#spec = spec;
    this.#manifest =
      file.manifest === undefined
        ? manifestWithout(file.path)
        : readManifest(file.manifest, file.path);
    this.#limits = limitsOf(this.#manifest, this.#baseLimits());
    this.#requestsLeft = this.#limits.requests ?? Infinity;
    this.#http = this.#createHttp(ports);
    this.#operations = new PluginOperations({
      name: () => this.name,
      file,
      clock: ports.clock,
      http: this.#http,
      storage: () => {
        // Not before the manifest is known: it says the name, and whether it may.
        this.#storage ??= this.has("storage") ? ports.storage(this.name) : undefined;
        return this.#storage;
      },
      secrets: () => (this.has("secrets") ? ports.secrets : undefined),
      entries: spec.secrets,
      takeRequest: () => this.#takeRequest(),
    });
    this.#seat = this.#takeSeat(id, ports.sandbox);
  }

  /** Name for messages, logs and storage. */
  get name(): string {
    return this.#manifest.name;
  }

  get manifest(): Manifest {
    return this.#manifest;
  }

  /** Handlers in the order of their registration; known once it is loaded. */
  get hooks(): readonly Hook[] {
    return this.#hooks;
  }

  /** The default export of a script, once it is loaded. */
  get status(): unknown {
    return this.#status;
  }

  get file(): PluginFile {
    return this.#spec.file;
  }

  /** Says whether the plugin was granted a capability. */
  has(capability: Capability): boolean {
    return this.#manifest.capabilities.includes(capability);
  }

  /**
   * Loads the plugin and reads its manifest and handlers.
   *
   * @throws {WeirError} PLUGIN_INVALID, PLUGIN_UNTRUSTED, HOOK_FAILED
   */
  async load(): Promise<void> {
    const { file, check } = this.#spec;
    try {
      // plugin.toml says what it wants before any of its code runs; a module says it while it does.
      if (file.manifest !== undefined) check?.(this.#manifest);
      const result = await this.#seat.load();
      if (result.kind !== "object") throw new WeirError("HOOK_FAILED", "It did not load");
      const { manifest, hooks, status } = result.fields;
      this.#takeManifest(manifest);
      const { options = {} } = this.#spec;
      checkGiven(this.#manifest, { file: file.path, net: this.#net, options });
      this.#hooks = this.#readHooks(hooks);
      this.#status = status;
    } catch (error) {
      const known = toWeirError(error);
      if (known.code === "PLUGIN_INVALID" || known.code === "PLUGIN_UNTRUSTED") throw known;
      throw hookFailure(error, { plugin: this.name, event: "load", where: "" });
    }
  }

  /**
   * Runs a handler of this plugin; what it throws is the plugin's failure.
   *
   * @param timeoutMs in place of the limit of the plugin
   */
  async run(hook: Hook, call: HookCall, timeoutMs = this.#limits.timeoutMs): Promise<RawResult> {
    this.#beginRequests();
    let release: (() => void) | undefined;
    try {
      return await this.#seat.call({
        handler: hook.index,
        event: call.event,
        context: { ...call.context, plugin: this.name, options: this.#options() },
        body: call.body,
        timeoutMs,
        onStart: (callId) => {
          if (call.read !== undefined) release = this.#operations.lendBody(callId, call.read);
        },
      });
    } finally {
      release?.();
      this.#callsUnderWay -= 1;
    }
  }

  /** True when the plugin has nothing under way. */
  get isSettled(): boolean {
    return this.#seat.isSettled;
  }

  /** Resolves when the plugin has nothing under way, or `graceOver` does. */
  async settle(graceOver: Promise<void>): Promise<void> {
    let isOver = false;
    void graceOver.then(() => {
      isOver = true;
    });
    // An answer may make its callback send the next request.
    while (!isOver && !this.isSettled) await Promise.race([this.#seat.settled(), graceOver]);
  }

  /** Lets go of everything it holds; its child is the sandbox's. */
  close(): void {
    this.#http.close();
    this.#storage?.close();
    this.#seat.close();
  }

  #baseLimits(): PluginLimits {
    return this.#spec.args === undefined ? DEFAULT_LIMITS : SCRIPT_LIMITS;
  }

  #createHttp(ports: PluginPorts): PluginHttp {
    const { createClient, ownAddresses } = ports;
    return new PluginHttp({
      name: () => this.name,
      net: () => this.#net,
      ownAddresses,
      createClient,
      capBytes: () => this.#limits.responseCapBytes,
    });
  }

  #takeSeat(id: number, sandbox: Sandbox): Seat {
    const { file, args } = this.#spec;
    const asked = args === undefined && file.manifest !== undefined ? this.#manifest.net : [];
    this.#net = [...asked, ...(this.#spec.net ?? [])];
    return sandbox.seat({
      id,
      main: file.main,
      limits: this.#limits,
      source: async () => utf8(await file.read(file.main)),
      settings: () => {
        this.#http.restart();
        return { events: EVENTS, store: this.#operations.store(), args };
      },
      operate: (operation, bytes) => this.#operations.run(operation, bytes),
    });
  }

  #options(): Readonly<Record<string, unknown>> {
    return { ...this.#manifest.options, ...this.#spec.options };
  }

  /** Gives the requests of one more call. Nothing says of which call a request is: they share. */
  #beginRequests(): void {
    const { requests = Infinity } = this.#limits;
    const shared = this.#callsUnderWay === 0 ? 0 : this.#requestsLeft;
    this.#callsUnderWay += 1;
    this.#requestsLeft = Math.min(shared + requests, requests * this.#callsUnderWay);
  }

  #takeRequest(): void {
    if (this.#requestsLeft <= 0) {
      throw new WeirError(
        "HOOK_FAILED",
        `More than ${this.#limits.requests} requests in one call; raise limits.requests`,
      );
    }
    this.#requestsLeft -= 1;
  }

  /** The module's manifest counts when there is no plugin.toml: that one says first what it is. */
  #takeManifest(exported: unknown): void {
    const { file, check, net = [] } = this.#spec;
    if (file.manifest !== undefined) return;
    if (exported !== null && exported !== undefined) {
      this.#manifest = readManifest(exported, file.path);
      this.#limits = limitsOf(this.#manifest, this.#baseLimits());
      this.#requestsLeft = this.#limits.requests ?? Infinity;
    }
    check?.(this.#manifest);
    // What a script may reach is said on the command line alone.
    if (this.#spec.args !== undefined) return;
    if (this.#manifest.net.length > 0) {
      this.#net = [...this.#manifest.net, ...net];
      this.#http.reset();
    }
    this.#seat.limit(this.#limits);
  }

  #readHooks(value: unknown): readonly Hook[] {
    const list: readonly unknown[] = Array.isArray(value) ? value : [];
    if (list.length > HOOK_LIMIT) {
      throw new WeirError(
        "PLUGIN_INVALID",
        `Plugin ${this.name} has more than ${HOOK_LIMIT} hooks`,
      );
    }
    return list.flatMap((one, index) => this.#readHook(isRecord(one) ? one : {}, index));
  }

  #readHook(raw: Readonly<Record<string, unknown>>, index: number): readonly Hook[] {
    const { type, pattern, priority, stack } = raw;
    if (!isEventName(type)) return [];
    const fail = this.#manifest.fail[type];
    return [
      {
        plugin: this,
        index,
        event: type,
        pattern: typeof pattern === "string" ? pattern : undefined,
        matches: typeof pattern === "string" ? globTest(pattern) : () => true,
        priority: typeof priority === "number" ? priority : 100,
        where: typeof stack === "string" ? (placeIn(stack.slice(0, 2000)) ?? "") : "",
        isClosed: fail === undefined ? failsClosed(type) : fail === "closed",
      },
    ];
  }
}
