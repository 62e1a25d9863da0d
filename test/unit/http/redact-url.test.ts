import { expect, test } from "bun:test";
import { redactUrl } from "../../../lib/http/redact-url.ts";

const SIGNED = "X-Amz-Credential=AKIA/x&X-Amz-Date=1&X-Amz-Signature=ab&X-Amz-Security-Token=cd";

test.each([
  { name: "userinfo", url: "https://u:pw@h/p", want: "https://[redacted]@h/p" },
  { name: "userinfo with an at sign", url: "https://u@x:pw@h/p", want: "https://[redacted]@h/p" },
  { name: "userinfo without a scheme", url: "u:pw@h/p", want: "[redacted]@h/p" },
  {
    name: "a token",
    url: "http://h/?a=1&access_token=x&b=2",
    want: "http://h/?a=1&access_token=[redacted]&b=2",
  },
  {
    name: "an API key, however it is spelt",
    url: "http://h/?API-Key=x&apikey=y",
    want: "http://h/?API-Key=[redacted]&apikey=[redacted]",
  },
  {
    name: "a name in percent-encoding",
    url: "http://h/?%73ig=x",
    want: "http://h/?%73ig=[redacted]",
  },
  {
    name: "a prefixed name",
    url: "http://h/?client_secret=x&csrf_token=y",
    want: "http://h/?client_secret=[redacted]&csrf_token=[redacted]",
  },
  {
    name: "a repeated name",
    url: "http://h/?sig=x&sig=y",
    want: "http://h/?sig=[redacted]&sig=[redacted]",
  },
  {
    name: "a token in the fragment",
    url: "http://h/#id_token=x",
    want: "http://h/#id_token=[redacted]",
  },
  {
    name: "a value with an equals sign",
    url: "http://h/?token=x=y==",
    want: "http://h/?token=[redacted]",
  },
  {
    name: "a signed link",
    url: `http://h/?${SIGNED}`,
    want: "http://h/?X-Amz-Credential=[redacted]&X-Amz-Date=1&X-Amz-Signature=[redacted]&X-Amz-Security-Token=[redacted]",
  },
])("redactUrl() hides $name", ({ url, want }) => {
  expect(redactUrl(url)).toBe(want);
});

test.each([
  { name: "an at sign in the path", url: "http://h/@u/x" },
  { name: "an at sign in the query", url: "http://h/?mail=a@b" },
  { name: "harmless names", url: "http://h/?page=2&monkey=x&tokens_used=3&bad=%zz" },
  { name: "an alias", url: "@github/repos" },
])("redactUrl() leaves $name", ({ url }) => {
  expect(redactUrl(url)).toBe(url);
});
