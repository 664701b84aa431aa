// An application with npm's openid-client: prints where the browser goes, reads where it came back, prints who it is.
import { createInterface } from "node:readline/promises";
import * as oidc from "openid-client";

const [issuer, clientId, secret, callback] = process.argv.slice(2);
const config = await oidc.discovery(new URL(issuer), clientId, secret, undefined, {
  execute: [oidc.allowInsecureRequests],
});
const checks = {
  pkceCodeVerifier: oidc.randomPKCECodeVerifier(),
  expectedState: oidc.randomState(),
  expectedNonce: oidc.randomNonce(),
};
const url = oidc.buildAuthorizationUrl(config, {
  redirect_uri: callback,
  scope: "openid profile",
  code_challenge: await oidc.calculatePKCECodeChallenge(checks.pkceCodeVerifier),
  code_challenge_method: "S256",
  state: checks.expectedState,
  nonce: checks.expectedNonce,
});
console.log(url.href);

const lines = createInterface({ input: process.stdin });
const back = new URL((await lines[Symbol.asyncIterator]().next()).value);
lines.close();
const tokens = await oidc.authorizationCodeGrant(config, back, checks);
const person = await oidc.fetchUserInfo(config, tokens.access_token, tokens.claims().sub);
const next = await oidc.refreshTokenGrant(config, tokens.refresh_token);
const replay = await oidc.refreshTokenGrant(config, tokens.refresh_token).catch((error) => error.error);
console.log(JSON.stringify({ userName: person.userName, refreshed: next.access_token !== tokens.access_token, replay }));
