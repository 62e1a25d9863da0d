import { isAbsolute } from "node:path";

/** Returns the path of a file that a pipeline names: relative ones begin at the pipeline's folder. */
export function pathIn(folder: string, path: string): string {
  return isAbsolute(path) ? path : `${folder}/${path}`;
}
