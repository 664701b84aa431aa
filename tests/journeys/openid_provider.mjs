// A company's OpenID provider: npm's certified oidc-provider over https. Its one argument is JSON, as openid_provider.py writes it.
import { generateKeyPairSync, randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { createServer } from "node:https";
import Provider from "oidc-provider";

const { issuer, host, certificate, client, people } = JSON.parse(process.argv[2]);
const key = generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey.export({ format: "jwk" });
const provider = new Provider(issuer, {
  clients: [client],
  claims: { email: ["email", "email_verified"], profile: ["name"], groups: ["groups"] },
  // Read at each request: somebody may have left a group.
  findAccount: (_request, id) => {
    const person = JSON.parse(readFileSync(people, "utf8"))[id];
    return person && { accountId: id, claims: () => ({ sub: id, ...person }) };
  },
  jwks: { keys: [{ ...key, use: "sig", alg: "RS256", kid: "1" }] },
  cookies: { keys: [randomBytes(32).toString("hex")] },
});
const pem = readFileSync(certificate);
createServer({ key: pem, cert: pem }, provider.callback()).listen(new URL(issuer).port, host, () => console.log("ready"));
