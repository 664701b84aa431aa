// A right SaaS 1.0 and 2.0 seller in JavaScript, without the kit: Node's http, JSON.stringify, its own code for every rule.
'use strict';
const http = require('http');
const crypto = require('crypto');

const KEY = process.env.SELLER_KEY;
const PROTOCOL = process.argv[2];
const hmac = (key, text) => crypto.createHmac('sha256', key).update(text);
const seen = new Set();
const orders = new Map();
const instances = new Map();

const refuse = (code) => ({ resultCode: code, resultMsg: `refused (${code})` });
const done = (more = {}) => ({ resultCode: '000000', resultMsg: 'success.', ...more });
const missing = (members, names) => names.some((n) => typeof members[n] !== 'string' || !members[n].trim());
const isTime = (text) => /^\d{14}(\d{3})?$/.test(text) && !Number.isNaN(Date.parse(
  `${text.slice(0, 4)}-${text.slice(4, 6)}-${text.slice(6, 8)}T${text.slice(8, 10)}:${text.slice(10, 12)}:${text.slice(12, 14)}Z`));

function authenticV2(query, body) {
  const stamp = query.get('timestamp');
  const nonce = query.get('nonce');
  if (!stamp || !/^\d+$/.test(stamp) || Math.abs(Date.now() - Number(stamp)) > 60000 || !nonce) return '000002';
  const inner = hmac(KEY, body).digest('hex');
  const right = hmac(KEY, KEY + nonce + stamp + inner).digest('hex');
  if ((query.get('signature') || '').toLowerCase() !== right) return '000001';
  if (seen.has(nonce)) return '000001';
  seen.add(nonce);
  return '';
}

function authenticV1(query) {
  const names = [...new Set(query.keys())].filter((n) => n !== 'authToken').sort();
  const text = names.map((n) => `${n}=${query.get(n)}`).join('&');
  const right = hmac(KEY + (query.get('timeStamp') || ''), text).digest('base64');
  return query.get('authToken') === right ? '' : '000001';
}

// The key of the fields: Java's SHA1PRNG, seeded with the access key.
function derivedKey(length) {
  const sha1 = (data) => crypto.createHash('sha1').update(data).digest();
  let state = sha1(Buffer.from(KEY));
  let out = Buffer.alloc(0);
  while (out.length < length) {
    const block = sha1(state);
    out = Buffer.concat([out, block]);
    let last = 1;
    let changed = false;
    const next = Buffer.from(state);
    for (let i = 0; i < 20; i += 1) {
      const v = state.readInt8(i) + block.readInt8(i) + last;
      changed = changed || next[i] !== (v & 0xff);
      next[i] = v & 0xff;
      last = v >> 8;
    }
    if (!changed) next[0] = (next[0] + 1) & 0xff;
    state = next;
  }
  return out.subarray(0, length);
}

function secret(plain) {
  const iv = crypto.randomBytes(8).toString('hex');
  const cipher = crypto.createCipheriv('aes-128-cbc', derivedKey(16), iv);
  return iv + cipher.update(plain, 'utf8', 'base64') + cipher.final('base64');
}

const appInfo = (id) => (PROTOCOL === 'saas_v1'
  ? { frontEndUrl: `https://node.example.com/?t=${Math.random()}`, userName: secret(`admin-${id.slice(0, 8)}`), password: secret('p@ss+/1') }
  : { frontEndUrl: `https://node.example.com/?t=${Math.random()}`, userName: 'admin', password: 'p@ss', memo: '\u5907\u6ce8', extra: { a: 1 } });
const wrapped = PROTOCOL === 'saas_v1' ? { encryptType: '2' } : {};

function create(m, test) {
  const line = PROTOCOL === 'saas_v1' ? 'productId' : 'orderLineId';
  if (missing(m, ['orderId', line, 'businessId'])) return refuse('000002');
  if (PROTOCOL === 'saas_v1' && missing(m, ['customerId'])) return refuse('000002');
  const order = `${m.orderId} ${m.orderLineId || ''}`;
  const id = test ? m.businessId : orders.get(order) || m.businessId;
  if (!test) {
    orders.set(order, id);
    if (!instances.has(id)) instances.set(id, 'active');
  }
  return done(PROTOCOL === 'saas_v1' ? { instanceId: id, ...wrapped, appInfo: appInfo(id) } : { instanceId: id });
}

function query(m, test) {
  if (missing(m, ['instanceId'])) return refuse('000002');
  const ids = m.instanceId.split(',');
  const gone = ids.some((id) => (instances.get(id) || 'released') === 'released');
  if (!test && gone) return refuse('000003');
  return done({ ...wrapped, info: ids.map((id) => ({ instanceId: id, appInfo: appInfo(id) })) });
}

function change(m, test, names, valid, apply) {
  if (missing(m, ['instanceId', ...names]) || !valid(m)) return refuse('000002');
  if (test) return done();
  const state = instances.get(m.instanceId);
  if (state === undefined) return refuse('000003');
  if (state === 'released' && apply !== 'released') return refuse('000003');
  if (apply) instances.set(m.instanceId, apply);
  return done();
}

const all = () => true;
const timed = (m) => isTime(m.expireTime);
const ACTIVITIES = PROTOCOL === 'saas_v1' ? {
  newInstance: create,
  refreshInstance: (m, t) => change(m, t, ['orderId', 'expireTime'], timed),
  expireInstance: (m, t) => change(m, t, [], all),
  releaseInstance: (m, t) => change(m, t, [], all, 'released'),
} : {
  newInstance: create,
  queryInstance: query,
  refreshInstance: (m, t) => change(m, t, ['orderId', 'orderLineId', 'scene', 'expireTime'],
    (x) => timed(x) && ['TRIAL_TO_FORMAL', 'RENEWAL', 'UNSUBSCRIBE_RENEWAL_PERIOD', 'RENEWAL_CHANGE'].includes(x.scene)),
  updateInstanceStatus: (m, t) => change(m, t, ['status'], (x) => ['FREEZE', 'UNFREEZE'].includes(x.status)),
  releaseInstance: (m, t) => change(m, t, [], all, 'released'),
};

function answer(url, body) {
  const params = new URL(url, 'http://localhost').searchParams;
  const wrong = PROTOCOL === 'saas_v1' ? authenticV1(params) : authenticV2(params, body);
  if (wrong) return refuse(wrong);
  let members;
  try {
    members = PROTOCOL === 'saas_v1' ? Object.fromEntries(params) : JSON.parse(body.toString('utf8'));
  } catch {
    return refuse('000002');
  }
  const act = members && typeof members === 'object' && Object.hasOwn(ACTIVITIES, members.activity)
    ? ACTIVITIES[members.activity] : null;
  return act ? act(members, members.testFlag === '1') : refuse('000002');
}

const server = http.createServer((request, response) => {
  const pieces = [];
  request.on('data', (piece) => pieces.push(piece));
  request.on('end', () => {
    const out = Buffer.from(JSON.stringify(answer(request.url, Buffer.concat(pieces))).replace(/[\u0080-\uffff]/g,
      (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`));
    // Without a length Node sends chunks, and keeps the connection.
    response.writeHead(200, {
      'Content-Type': 'application/json; charset=utf-8',
      'Body-Sign': `sign_type="HMAC-SHA256", signature="${hmac(KEY, out).digest('base64')}"`,
      ETag: 'W/"2-1"',
    });
    response.write(out.subarray(0, 5));
    response.end(out.subarray(5));
  });
});
server.listen(0, '127.0.0.1', () => process.stdout.write(`${server.address().port}\n`));
