/**
 * Media types and the file name extensions they have.
 *
 * Our own, because the small packages lack tar, docx, xlsx and ndjson, and look names up in plain
 * objects, where "x.constructor" finds a function.
 */
const TABLE: readonly string[] = [
  "application/gzip gz",
  "application/java-archive jar",
  "application/json json map",
  "application/ld+json jsonld",
  "application/geo+json geojson",
  "application/msword doc",
  "application/octet-stream bin exe dll iso dmg img so",
  "application/pdf pdf",
  "application/postscript ps eps ai",
  "application/rtf rtf",
  "application/toml toml",
  "application/vnd.android.package-archive apk",
  "application/vnd.apache.parquet parquet",
  "application/vnd.debian.binary-package deb",
  "application/vnd.ms-excel xls",
  "application/vnd.ms-powerpoint ppt",
  "application/vnd.oasis.opendocument.presentation odp",
  "application/vnd.oasis.opendocument.spreadsheet ods",
  "application/vnd.oasis.opendocument.text odt",
  "application/vnd.openxmlformats-officedocument.presentationml.presentation pptx",
  "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet xlsx",
  "application/vnd.openxmlformats-officedocument.wordprocessingml.document docx",
  "application/vnd.sqlite3 sqlite sqlite3",
  "application/wasm wasm",
  "application/x-7z-compressed 7z",
  "application/x-bzip2 bz2",
  "application/x-ndjson ndjson jsonl",
  "application/x-rpm rpm",
  "application/x-sh sh",
  "application/x-tar tar",
  "application/x-xz xz",
  "application/xhtml+xml xhtml",
  "application/xml xml xsd xsl",
  "application/yaml yaml yml",
  "application/zip zip",
  "application/zstd zst",
  "application/epub+zip epub",
  "application/graphql graphql gql",
  "application/atom+xml atom",
  "application/rss+xml rss",
  "application/sql sql",
  "application/manifest+json webmanifest",
  "application/pem-certificate-chain pem",
  "application/pkix-cert cer",
  "application/x-x509-ca-cert crt der",
  "application/x-pkcs12 p12 pfx",
  "application/vnd.rar rar",
  "audio/aac aac",
  "audio/flac flac",
  "audio/midi mid midi",
  "audio/mp4 m4a",
  "audio/mpeg mp3",
  "audio/ogg ogg oga opus",
  "audio/wav wav",
  "font/otf otf",
  "font/ttf ttf",
  "font/woff woff",
  "font/woff2 woff2",
  "image/apng apng",
  "image/avif avif",
  "image/bmp bmp",
  "image/gif gif",
  "image/heic heic",
  "image/jpeg jpg jpeg jpe",
  "image/jxl jxl",
  "image/png png",
  "image/svg+xml svg",
  "image/tiff tiff tif",
  "image/webp webp",
  "image/x-icon ico",
  "message/rfc822 eml",
  "text/calendar ics",
  "text/css css",
  "text/csv csv",
  "text/html html htm",
  "text/javascript js mjs cjs",
  "text/markdown md markdown",
  "text/plain txt log text conf ini",
  "text/tab-separated-values tsv",
  "text/vcard vcf",
  "text/x-c c h",
  "text/x-python py",
  "video/mp4 mp4 m4v",
  "video/mpeg mpeg mpg",
  "video/ogg ogv",
  "video/quicktime mov",
  "video/webm webm",
  "video/x-matroska mkv",
  "video/x-msvideo avi",
];

let typeByExtension: ReadonlyMap<string, string> | undefined;

function readTable(): ReadonlyMap<string, string> {
  const pairs = TABLE.flatMap((row) => {
    const [type = "", ...extensions] = row.split(" ");
    return extensions.map((extension) => [extension, type] as const);
  });
  return new Map(pairs);
}

/** Returns the media type that the name of a file suggests, undefined when it suggests none. */
export function mediaTypeOfFile(path: string): string | undefined {
  const name = path.slice(path.lastIndexOf("/") + 1);
  const dot = name.lastIndexOf(".");
  if (dot < 0) return undefined;
  typeByExtension ??= readTable();
  return typeByExtension.get(name.slice(dot + 1).toLowerCase());
}
