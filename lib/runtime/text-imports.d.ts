// A file imported `with { type: "text" }` is its text; TypeScript does not read the attribute.
declare module "*.md" {
  const text: string;
  export default text;
}
