// Prints what this seller makes of known inputs, a line each, for the test that knows the published vectors.
import { aesKey, authToken, bodySign, decrypt, encrypt } from './security.mjs';

const [key, iv, plain, query, body] = process.argv.slice(2);
console.log(aesKey(key, 16).toString('hex'));
console.log(aesKey(key, 32).toString('hex'));
for (const encryptType of ['2', '1']) {
  const field = encrypt(plain, key, encryptType, iv);
  if (decrypt(field, key, encryptType) !== plain) throw new Error('it does not read what it writes');
  console.log(field);
}
console.log(authToken(new URLSearchParams(query), key));
console.log(bodySign(body, key));
