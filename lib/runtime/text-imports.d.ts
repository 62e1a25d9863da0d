// A file imported `with { type: "text" }` is its text; TypeScript does not read the attribute.
declare module "*.md" {
  const text: string;
  export default text;
}
declare module "*/guest/core.js" {
  const text: string;
  export default text;
}
declare module "*/guest/body.js" {
  const text: string;
  export default text;
}
declare module "*/guest/failure.js" {
  const text: string;
  export default text;
}
declare module "*/guest/lists.js" {
  const text: string;
  export default text;
}
declare module "*/guest/result.js" {
  const text: string;
  export default text;
}
declare module "*/guest/store.js" {
  const text: string;
  export default text;
}
declare module "*/guest/http.js" {
  const text: string;
  export default text;
}
declare module "*/guest/tools.js" {
  const text: string;
  export default text;
}
declare module "*/guest/web.js" {
  const text: string;
  export default text;
}
declare module "../../plugins/*.js" {
  const text: string;
  export default text;
}
