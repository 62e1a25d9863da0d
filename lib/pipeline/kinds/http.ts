import { compileHttp } from "./http/work.ts";
import { HTTP_KEYS, HTTP_SPEC_KEYS } from "./http/shape.ts";
import type { TaskKind } from "./kind.ts";

/** Sends a request, as often as its policy wants, and page by page. */
export const httpKind: TaskKind = {
  name: "http",
  summary: "Sends a request, retries it and follows its pages",
  keys: HTTP_KEYS,
  specKeys: HTTP_SPEC_KEYS,
  specDefaults: {},
  compile: compileHttp,
};
