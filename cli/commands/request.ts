import { WeirError } from "../../lib/base/errors.ts";
import type { Io } from "../io.ts";
import type { RequestInvocation } from "./command.ts";

/** Stands where the request command comes; replaced when the client is wired. */
export async function run({ url }: RequestInvocation, _io: Io): Promise<number> {
  throw new WeirError("USAGE_NOT_SUPPORTED", `Cannot request ${url} yet`);
}
