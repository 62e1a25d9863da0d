import type { Clock } from "../base/clock.ts";
import { utf8 } from "../base/bytes.ts";
import type { Secret } from "../base/secret.ts";
import { WeirError } from "../base/errors.ts";
import { sanitizeLine } from "../base/sanitize.ts";
import { isRecord } from "../base/record.ts";
import { digest } from "./digest.ts";
import type { Operation } from "./messages.ts";
import type { PluginFile } from "./plugin-file.ts";
import type { PluginHttp } from "./plugin-http.ts";
import type { OperationAnswer } from "./seat.ts";
import type { PluginStorage } from "./storage.ts";

/** Secrets as plugins may use them: by placeholders, which others open when a hop is dressed. */
export interface HookSecrets {
  /** Returns a placeholder for the keychain entry `name`; throws SECRET_UNRESOLVED when there is none. */
  placeholder(plugin: string, name: string): Promise<string>;
  /** Returns the value behind a placeholder, for keys of HMACs; undefined when the text is none. */
  open(plugin: string, placeholder: string): Promise<Secret | undefined>;
}

/** What the operations of one plugin work on. */
export interface OperationPorts {
  /** Returns the name of the plugin, which its manifest may change when it is loaded. */
  readonly name: () => string;
  readonly file: PluginFile;
  readonly clock: Clock;
  readonly http: PluginHttp;
  /** Undefined when the capability is not granted. */
  readonly storage: () => PluginStorage | undefined;
  /** Undefined when the capability is not granted. */
  readonly secrets: () => HookSecrets | undefined;
  /** Names of the entries it was granted; undefined: all. */
  readonly entries?: readonly string[] | undefined;
  /** Takes one request from what a handler call may send. */
  readonly takeRequest: () => void;
}

/** Returns the body of a call that a handler asks for. */
export type BodyReader = () => Promise<Uint8Array>;

/** Characters `ctx.store` may hold. */
const STORE_CAP = 256 * 1024;

/** Longest wait of setTimeout, as in browsers. */
const LONGEST_DELAY_MS = 2 ** 31 - 1;

function refuseCapability(plugin: string, capability: string): WeirError {
  return new WeirError("HOOK_CAPABILITY", `Plugin ${plugin} lacks the capability ${capability}`, {
    hint: `Add "${capability}" to capabilities in its manifest, and grant it`,
  });
}

function refuseEntry(plugin: string, entry: string): WeirError {
  const shown = sanitizeLine(entry).slice(0, 64);
  return new WeirError("HOOK_CAPABILITY", `Plugin ${plugin} was not granted the secret ${shown}`, {
    hint: `Add secrets = ["${shown}"] to its [[plugin]] in the configuration`,
  });
}

/** Does what one plugin asks for: everything that needs time, network, disk or a secret. */
export class PluginOperations {
  readonly #ports: OperationPorts;
  readonly #bodies = new Map<number, BodyReader>();
  readonly #store = new Map<string, string>();
  #storeSize = 0;

  constructor(ports: OperationPorts) {
    this.#ports = ports;
  }

  /** Returns what `ctx.store` holds, for an instance that starts anew. */
  store(): Readonly<Record<string, string>> {
    return Object.fromEntries(this.#store);
  }

  /** Keeps the body of a call until the returned function is called. */
  lendBody(callId: number, read: BodyReader): () => void {
    this.#bodies.set(callId, read);
    return () => this.#bodies.delete(callId);
  }

  /** Does one operation; a throw becomes an error inside the plugin. */
  async run({ name, args }: Operation, bytes: Uint8Array): Promise<OperationAnswer> {
    const { clock, http } = this.#ports;
    switch (name) {
      case "http":
        this.#ports.takeRequest();
        return await http.send(args, bytes);
      case "close-client":
        http.closeClient(args);
        return {};
      case "timer":
        return await this.#wait(clock, args);
      case "body":
        return await this.#body(args);
      case "hash":
      case "hmac":
        return { value: await digest(args, bytes, (key) => this.#openKey(key)) };
      case "storage":
        return { value: await this.#storage().run(args) };
      case "store":
        this.#keep(args);
        return {};
      case "module":
        return textAnswer(await this.#ports.file.read(textOf(args, "path")));
      case "secret":
        return textAnswer(await this.#secret(textOf(args, "name")));
      default:
        throw new WeirError("HOOK_FAILED", "There is no such operation");
    }
  }

  #wait(clock: Clock, args: unknown): Promise<OperationAnswer> {
    const asked = isRecord(args) && typeof args["delayMs"] === "number" ? args["delayMs"] : 0;
    const delayMs = Math.min(Math.max(0, asked), LONGEST_DELAY_MS);
    return new Promise((resolve) => void clock.after(delayMs, () => resolve({})));
  }

  async #body(args: unknown): Promise<OperationAnswer> {
    const { call, as } = isRecord(args) ? args : {};
    const read = typeof call === "number" ? this.#bodies.get(call) : undefined;
    if (read === undefined) {
      const message =
        "There is no body to read: this event has none, or its handler has ended meanwhile";
      throw new WeirError("HOOK_FAILED", message);
    }
    const bytes = await read();
    return { body: { kind: as === "bytes" ? "bytes" : "text", bytes } };
  }

  async #openKey(key: string): Promise<Secret | undefined> {
    return await this.#ports.secrets()?.open(this.#ports.name(), key);
  }

  #storage(): PluginStorage {
    const storage = this.#ports.storage();
    if (storage === undefined) throw refuseCapability(this.#ports.name(), "storage");
    return storage;
  }

  async #secret(secret: string): Promise<string> {
    const secrets = this.#ports.secrets();
    const { entries, name } = this.#ports;
    if (secrets === undefined) throw refuseCapability(name(), "secrets");
    // The same words whether there is such an entry or not.
    if (entries?.includes(secret) === false) throw refuseEntry(name(), secret);
    return await secrets.placeholder(name(), secret);
  }

  #keep(args: unknown): void {
    const [key, text]: readonly unknown[] = Array.isArray(args) ? args : [];
    if (typeof key !== "string") return;
    this.#storeSize -= key.length + (this.#store.get(key)?.length ?? -key.length);
    this.#store.delete(key);
    if (typeof text !== "string") return;
    this.#storeSize += key.length + text.length;
    if (this.#storeSize > STORE_CAP) {
      this.#storeSize -= key.length + text.length;
      throw new WeirError("HOOK_FAILED", "ctx.store is full: it holds 256 Ki characters");
    }
    this.#store.set(key, text);
  }
}

function textOf(args: unknown, key: string): string {
  const text = isRecord(args) ? args[key] : undefined;
  return typeof text === "string" ? text.slice(0, 1000) : "";
}

function textAnswer(text: string): OperationAnswer {
  return { body: { kind: "text", bytes: utf8(text) } };
}
