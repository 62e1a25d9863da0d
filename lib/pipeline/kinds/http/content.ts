import { holdsPlaceholder } from "../../../auth/keychain.ts";
import { WeirError } from "../../../base/errors.ts";
import { whyNotRead } from "../../../base/file-reasons.ts";
import { type Body, NO_BODY, textBody } from "../../../http/body.ts";
import { encodeForm, FORM_TYPE, type FormPair } from "../../../http/form.ts";
import { multipartBody, multipartType, newBoundary, type Part } from "../../../http/multipart.ts";
import type { Files } from "../../../runtime/runtime.ts";
import { type FilePlace, pathIn } from "../../files.ts";

/** What a request carries, before it is bytes: a page may still set a value in it. */
export type Content =
  | { readonly kind: "none" }
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "json"; readonly data: unknown }
  | { readonly kind: "form"; readonly pairs: readonly FormPair[] }
  | { readonly kind: "multipart"; readonly parts: readonly ContentPart[] };

/** One part of a multipart body. */
export interface ContentPart {
  readonly name: string;
  readonly type?: string | undefined;
  readonly filename?: string | undefined;
  readonly value: { readonly text: string } | { readonly file: string };
}

/** A body and the Content-Type it has unless the task sets one. */
export interface EncodedContent {
  readonly body: Body;
  readonly contentType?: string | undefined;
}

/** What encoding takes from outside. */
export interface ContentPorts extends FilePlace {
  readonly files: Files;
  readonly random: (count: number) => Uint8Array;
}

/**
 * Returns the content as bytes. Files of a multipart body are read when they are sent.
 *
 * @throws {WeirError} IO_READ
 */
export function encodeContent(
  content: Content,
  ports: ContentPorts,
): EncodedContent | Promise<EncodedContent> {
  switch (content.kind) {
    case "none":
      return { body: NO_BODY };
    case "text":
      return { body: textBody(content.text), contentType: "text/plain; charset=utf-8" };
    case "json":
      return { body: textBody(jsonText(content.data)), contentType: "application/json" };
    case "form":
      return { body: textBody(encodeForm(content.pairs)), contentType: FORM_TYPE };
    case "multipart":
      return encodeParts(content.parts, ports);
  }
}

function jsonText(data: unknown): string {
  try {
    return JSON.stringify(data);
  } catch (cause) {
    throw new WeirError("TEMPLATE_TYPE", "The body nests too deep to be written as JSON", {
      hint: "Send less of it",
      cause,
    });
  }
}

/** A body with a file is sent as it is read, and nothing in it is put in the place of anything. */
function checkSecrets(parts: readonly ContentPart[]): void {
  if (!parts.some(({ value }) => "file" in value)) return;
  const found = parts.find(({ value }) => "text" in value && holdsPlaceholder(value.text));
  if (found === undefined) return;
  const message = `Part ${found.name} of multipart holds a secret, and another part is a file`;
  throw new WeirError("SECRET_UNBOUND", message, {
    hint: "Send the secret in a header or a query parameter, or use auth",
  });
}

async function encodeParts(
  parts: readonly ContentPart[],
  ports: ContentPorts,
): Promise<EncodedContent> {
  checkSecrets(parts);
  const boundary = newBoundary(ports.random);
  const encoded: Part[] = [];
  for (const { name, type, filename, value } of parts) {
    const body = "text" in value ? textBody(value.text) : await fileBody(value.file, ports);
    const ownName = "file" in value ? value.file.split("/").at(-1) : undefined;
    encoded.push({ name, contentType: type, filename: filename ?? ownName, body });
  }
  return {
    body: multipartBody(encoded, boundary),
    contentType: multipartType("multipart/form-data", boundary),
  };
}

async function fileBody(path: string, ports: ContentPorts): Promise<Body> {
  const { files } = ports;
  const whole = await pathIn(ports, path);
  const facts = await reading(path, () => files.stat(whole));
  if (facts === undefined) throw unreadable(path, { code: "ENOENT" });
  if (facts.isDirectory) throw unreadable(path, { code: "EISDIR" });
  // Opened now, so that a file that may not be read is found before anything is sent.
  await reading(path, async () => {
    for await (const _ of files.chunks(whole, facts.sizeBytes)) break;
  });
  return {
    kind: "stream",
    lengthBytes: facts.sizeBytes,
    replayable: true,
    open: () => files.chunks(whole),
  };
}

async function reading<T>(path: string, read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    throw unreadable(path, error);
  }
}

function unreadable(path: string, error: unknown): WeirError {
  return new WeirError(
    "IO_READ",
    `File ${path} of multipart cannot be read: ${whyNotRead(error)}`,
    {
      hint: "A path in multipart begins at the folder of the pipeline file",
      details: { path },
      cause: error,
    },
  );
}
