// The three protections of SaaS 1.0 with nothing but node:crypto, as a seller without any of our code writes them
// (saas-v1-license A1): authToken of requests, Body-Sign of answers, AES of what is private.
import { createCipheriv, createDecipheriv, createHash, createHmac, randomInt, timingSafeEqual } from 'node:crypto';

const LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';
const IV_LENGTH = 16;

const base64Hmac = (key, data) => createHmac('sha256', key).update(data).digest('base64');

/** A1.2: every parameter but the token itself, decoded, in the order of its name's UTF-16 units, as Java's TreeMap. */
export function authToken(parameters, key) {
  const names = [...parameters.keys()].filter((name) => name !== 'authToken').sort();
  const joined = names.map((name) => `${name}=${parameters.get(name)}`).join('&');
  return base64Hmac(key + (parameters.get('timeStamp') ?? ''), joined);
}

export function isAuthentic(parameters, key) {
  const given = Buffer.from(parameters.get('authToken') ?? '');
  const expected = Buffer.from(authToken(parameters, key));
  return given.length === expected.length && timingSafeEqual(given, expected);
}

/** A1.3: over the very bytes that are sent, under the key alone. */
export function bodySign(body, key) {
  return `sign_type="HMAC-SHA256", signature="${base64Hmac(key, body)}"`;
}

/**
 * A1.4: what Java's KeyGenerator makes of a SecureRandom "SHA1PRNG" that was seeded with the key. Its state is added up
 * in signed bytes with a carry that may be negative, which is why it is written out here.
 */
export function aesKey(key, length) {
  const sha1 = (bytes) => createHash('sha1').update(bytes).digest();
  const state = sha1(Buffer.from(key));
  const made = [];
  for (let bytes = 0; bytes < length; bytes += 20) {
    const output = sha1(state);
    made.push(output);
    let carry = 1;
    let changed = false;
    for (let i = 0; i < state.length; i += 1) {
      const sum = state.readInt8(i) + output.readInt8(i) + carry;
      changed ||= state[i] !== (sum & 0xff);
      state[i] = sum & 0xff;
      carry = sum >> 8;
    }
    if (!changed) state[0] = (state[0] + 1) & 0xff;
  }
  return Buffer.concat(made).subarray(0, length);
}

/** encryptType 1 is AES-256, 2 is AES-128. */
function cipherOf(key, encryptType) {
  return encryptType === '2' ? ['aes-128-cbc', aesKey(key, 16)] : ['aes-256-cbc', aesKey(key, 32)];
}

export const randomIv = () => Array.from({ length: IV_LENGTH }, () => LETTERS[randomInt(LETTERS.length)]).join('');

export function encrypt(plain, key, encryptType, iv = randomIv()) {
  const cipher = createCipheriv(...cipherOf(key, encryptType), Buffer.from(iv, 'ascii'));
  return iv + cipher.update(plain, 'utf8', 'base64') + cipher.final('base64');
}

/** Throws for what was not encrypted so. */
export function decrypt(field, key, encryptType) {
  const iv = Buffer.from(field.slice(0, IV_LENGTH), 'ascii');
  const decipher = createDecipheriv(...cipherOf(key, encryptType), iv);
  const plain = Buffer.concat([decipher.update(field.slice(IV_LENGTH), 'base64'), decipher.final()]);
  return new TextDecoder('utf-8', { fatal: true }).decode(plain);
}
