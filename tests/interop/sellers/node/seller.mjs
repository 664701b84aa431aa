// A SaaS 1.0 seller's server on node:http. SELLER_KEY and SELLER_ENCRYPT_TYPE come from the environment; the first line
// that it prints is its address, each further one is JSON about something that really happened.
import { createServer } from 'node:http';

import { Instances, Refusal } from './instances.mjs';
import { bodySign, isAuthentic } from './security.mjs';

const key = process.env.SELLER_KEY;
const encryptType = process.env.SELLER_ENCRYPT_TYPE ?? '1';

const tell = (event, facts) => console.log(JSON.stringify({ event, ...facts }));
const instances = new Instances({ key, encryptType, site: 'https://node.example', tell });

function result(request) {
  try {
    if (request.method !== 'GET') throw new Refusal('000002', 'GET only');
    const asked = new URL(request.url, 'http://localhost').searchParams;
    if (!isAuthentic(asked, key)) throw new Refusal('000001', 'authToken is wrong');
    return { resultCode: '000000', resultMsg: 'success.', ...instances.answer(asked) };
  } catch (error) {
    if (error instanceof Refusal) return { resultCode: error.code, resultMsg: error.message };
    console.error(error);
    return { resultCode: '000005', resultMsg: 'internal error' };
  }
}

/** Chinese goes as \uXXXX (A2.2), so that no charset on the way can break the signature. */
function asciiJson(value) {
  return JSON.stringify(value).replace(/[^\x20-\x7e]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

const server = createServer((request, response) => {
  const body = asciiJson(result(request));
  request.resume();
  response.writeHead(200, {
    'Content-Type': 'application/json',
    'Content-Length': Buffer.byteLength(body),
    'Body-Sign': bodySign(body, key),
  });
  response.end(body);
});

server.listen(Number(process.env.PORT ?? 0), '127.0.0.1', () => {
  console.log(`http://127.0.0.1:${server.address().port}/produce`);
});
