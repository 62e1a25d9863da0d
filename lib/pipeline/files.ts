/** Returns the path of a file that a pipeline names: relative ones begin at the pipeline's folder. */
export function pathIn(folder: string, path: string): string {
  return path.startsWith("/") || /^[A-Za-z]:[\\/]/.test(path) ? path : `${folder}/${path}`;
}
