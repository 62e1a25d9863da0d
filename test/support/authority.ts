import { $ } from "bun";
import { writeFileSync } from "node:fs";
import { join } from "node:path";

/** A certificate authority made for one test, and what it signed. All are paths. */
export interface Authority {
  readonly certificate: string;
  /** Signs a certificate for `name` that is valid for these alternative names. */
  issue(name: string, alternatives: string, use: "serverAuth" | "clientAuth"): Promise<Issued>;
}

/** A certificate and its key, as paths. */
export interface Issued {
  readonly certificate: string;
  readonly key: string;
}

/** Makes a certificate authority in `folder` through the openssl command. */
export async function makeAuthority(folder: string): Promise<Authority> {
  const path = (name: string): string => join(folder, name);
  const [key, certificate] = [path("authority.key"), path("authority.pem")];
  await $`openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj ${"/CN=weir test authority"} -addext ${"basicConstraints=critical,CA:TRUE"} -addext ${"keyUsage=critical,keyCertSign"} -keyout ${key} -out ${certificate}`.quiet();
  return {
    certificate,
    async issue(name, alternatives, use) {
      const issued: Issued = { certificate: path(`${name}.pem`), key: path(`${name}.key`) };
      const request = path(`${name}.csr`);
      const extensions = path(`${name}.ext`);
      writeFileSync(extensions, `subjectAltName=${alternatives}\nextendedKeyUsage=${use}\n`);
      await $`openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj ${`/CN=${name}`} -keyout ${issued.key} -out ${request}`.quiet();
      await $`openssl x509 -req -in ${request} -CA ${certificate} -CAkey ${key} -CAcreateserial -days 2 -extfile ${extensions} -out ${issued.certificate}`.quiet();
      return issued;
    },
  };
}
