import { encodeForm } from "../../http/form.ts";
import type { GuestAnswer } from "./instance.ts";

type WebFunction = (text: string, body: Uint8Array | undefined, flag: number) => GuestAnswer;

const URL_PARTS = [
  "href",
  "origin",
  "protocol",
  "username",
  "password",
  "host",
  "hostname",
  "port",
  "pathname",
  "search",
  "hash",
] as const;

/** Parts that a plugin may set; `origin` cannot be. */
type UrlPart = Exclude<(typeof URL_PARTS)[number], "origin">;

function isUrlPart(name: string): name is UrlPart {
  return name !== "origin" && URL_PARTS.some((part) => part === name);
}

function partsOf(url: URL | null): string | undefined {
  if (url === null) return undefined;
  return JSON.stringify(Object.fromEntries(URL_PARTS.map((name) => [name, url[name]])));
}

/** Returns the texts in a JSON list the guest's own part wrote. */
function texts(json: string): readonly string[] {
  const value: unknown = JSON.parse(json);
  return Array.isArray(value) ? value.map(String) : [];
}

/** Characters up to U+00FF, as btoa takes and atob gives them. */
function latin1(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => String.fromCharCode(byte)).join("");
}

/** What `guest/web.js` leaves to the platform: parsing and coding, pure. */
export const WEB: Readonly<Partial<Record<string, WebFunction>>> = {
  url: (json) => {
    const [text = "", base] = texts(json);
    return partsOf(URL.parse(text, base));
  },
  "url-set": (json) => {
    const [href = "", name = "", value = ""] = texts(json);
    const url = URL.parse(href);
    if (url !== null && isUrlPart(name)) url[name] = value;
    return partsOf(url);
  },
  query: (text) => JSON.stringify([...new URLSearchParams(text)]),
  form: (json) => {
    const pairs: unknown = JSON.parse(json);
    if (!Array.isArray(pairs)) return "";
    return encodeForm(pairs.map((pair: unknown) => pairOf(pair)));
  },
  // Text that comes as a body has been made UTF-8 on its way.
  utf8: (_text, body) => body,
  text: (_text, body, isFatal) => {
    try {
      return new TextDecoder("utf-8", { fatal: isFatal === 1 }).decode(body);
    } catch {
      // Told to the guest as undefined; it throws its own error.
      return undefined;
    }
  },
  uuid: () => crypto.randomUUID(),
  "to-base64": (_text, body) => body?.toBase64(),
  btoa: (_text, body) => btoa(new TextDecoder("utf-8", { ignoreBOM: true }).decode(body)),
  atob: (text) => latin1(Uint8Array.fromBase64(text)),
};

function pairOf(value: unknown): readonly [string, string] {
  const [name, content]: readonly unknown[] = Array.isArray(value) ? value : [];
  return [String(name), String(content)];
}
