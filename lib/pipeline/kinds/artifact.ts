import { z } from "zod";
import { collectUpTo } from "../../base/bytes.ts";
import { WeirError } from "../../base/errors.ts";
import { isJson } from "../../http/media-type.ts";
import { MANIFEST_TYPE, manifestItems, readManifest } from "../../results/manifest.ts";
import type { RunPorts } from "../ports.ts";
import { compileValue } from "../values.ts";
import type { TaskKind } from "./kind.ts";
import { workOnce } from "./once.ts";

/** Bytes of a stored result that are read into memory. */
const READ_CAP_BYTES = 64 * 1024 * 1024;

/** Reads what an earlier task stored by reference. */
export const artifactKind: TaskKind = {
  name: "artifact",
  summary: "Reads a stored result",
  keys: {
    ref: z.string().describe("The reference: {{ LABEL.__ref__ }}"),
    action: z.literal("get").optional().describe("What to do with it; get is all there is"),
  },
  specKeys: {},
  specDefaults: {},
  compile({ fields, path, source }) {
    const ref = compileValue(fields["ref"], [...path, "ref"], source);
    return workOnce(
      async ({ ports, scope }) => ({ data: await readResult(ref.evaluate(scope), ports) }),
      { plan: () => [`read ${String(fields["ref"])}`] },
    );
  },
};

async function readResult(ref: unknown, { results }: RunPorts): Promise<unknown> {
  if (typeof ref !== "string") {
    throw new WeirError("REFERENCE_NOT_AVAILABLE", "The key ref does not give a reference", {
      hint: "Use {{ LABEL.__ref__ }} of a task with spec.result",
    });
  }
  const { meta } = await results.entry(ref);
  if (meta.content_type === MANIFEST_TYPE) return await readPages(ref, results);
  const bytes = await collectUpTo(await results.open(ref), READ_CAP_BYTES + 1);
  if (bytes.byteLength > READ_CAP_BYTES) throw tooLarge(ref);
  const text = new TextDecoder().decode(bytes);
  if (!isJson(meta.content_type ?? "")) return text;
  return parsed(text, ref);
}

/** Reads the items of pages that were stored one by one. */
async function readPages(ref: string, results: RunPorts["results"]): Promise<readonly unknown[]> {
  const manifest = await readManifest(await results.open(ref));
  if (manifest.total_bytes > READ_CAP_BYTES) throw tooLarge(ref);
  return await Array.fromAsync(manifestItems(manifest, (part) => results.open(part)));
}

function tooLarge(ref: string): WeirError {
  return new WeirError("BODY_TOO_LARGE", `The result ${ref} is larger than 64 MiB`, {
    hint: "Select what is needed with spec.result.select, or loop over it: in: { result: … }",
    details: { ref },
  });
}

function parsed(text: string, ref: string): unknown {
  try {
    const value: unknown = JSON.parse(text);
    return value;
  } catch (error) {
    throw new WeirError("DATA_BAD_JSON", `The result ${ref} is not valid JSON`, {
      hint: "See what the server sent: weir run result REF --raw",
      details: { ref },
      cause: error,
    });
  }
}
