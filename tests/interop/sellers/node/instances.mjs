// What the seller does when it is asked: one function an activity, the instances in memory (saas-v1-license A2, A3).
import { randomBytes } from 'node:crypto';

import { decrypt, encrypt } from './security.mjs';

export class Refusal extends Error {
  constructor(code, message) {
    super(message);
    this.code = code;
  }
}

// Mandatory parameters; orderId of expire and release is printed as such and missing in the printed samples.
const MANDATORY = {
  newInstance: ['customerId', 'businessId', 'orderId', 'productId'],
  refreshInstance: ['instanceId', 'orderId', 'expireTime'],
  expireInstance: ['instanceId'],
  releaseInstance: ['instanceId'],
  instanceStatus: ['instanceId', 'instanceStatus'],
  upgrade: ['instanceId', 'orderId', 'skuCode', 'productId'],
  queryInstance: ['instanceId'],
};

const NO_INSTANCE = '000003';
const ILLEGAL = '000002';

/** yyyyMMddHHmmss of a day that the calendar has, also with milliseconds (G: 14 or 17 digits); Date itself would turn the 32nd into the 1st. */
function isTime(text) {
  const parts = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(\d{3})?$/.exec(text);
  if (!parts) return false;
  const [, year, month, day, hour, minute, second] = parts;
  const iso = `${year}-${month}-${day}T${hour}:${minute}:${second}.000Z`;
  const time = new Date(iso);
  return !Number.isNaN(time.getTime()) && time.toISOString() === iso;
}

export class Instances {
  /** `encryptType` is what was chosen when the product was published; `tell` hears of everything that really happens. */
  constructor({ key, encryptType, site, tell }) {
    Object.assign(this, { key, encryptType, site, tell });
    this.byId = new Map();
    this.byOrder = new Map();
    this.doneUpgrades = new Set();
  }

  /** Members of the answer beyond resultCode and resultMsg. */
  answer(asked) {
    const activity = asked.get('activity') ?? '';
    if (!Object.hasOwn(MANDATORY, activity)) throw new Refusal(ILLEGAL, 'activity is unknown');
    for (const name of MANDATORY[activity]) {
      if (!asked.get(name)) throw new Refusal(ILLEGAL, `${name} is missing`);
    }
    return this[activity](asked, asked.get('testFlag') === '1');
  }

  newInstance(asked, isTest) {
    const mobilePhone = this.clear(asked, 'mobilePhone');
    const email = this.clear(asked, 'email');
    // One order pays for several metered items; elsewhere orderId alone says what is the same (A2.2).
    const metered = asked.get('chargingMode') === '0';
    const order = asked.get('orderId') + (metered ? ` ${asked.get('productId')}` : '');
    let instance = this.byOrder.get(order);
    if (isTest) return this.created(instance ?? this.made(asked.get('businessId')));
    if (instance) {
      this.tell('repeated', { instanceId: instance.instanceId, businessId: asked.get('businessId') });
    } else {
      instance = this.made(asked.get('businessId'));
      this.byOrder.set(order, instance);
      this.byId.set(instance.instanceId, instance);
      this.tell('created', {
        ...this.simple(asked), mobilePhone, email, instanceId: instance.instanceId,
        userName: instance.userName, password: instance.password,
      });
    }
    return this.created(instance);
  }

  refreshInstance(asked, isTest) {
    if (!isTime(asked.get('expireTime'))) throw new Refusal(ILLEGAL, 'expireTime is not yyyyMMddHHmmss');
    return this.change(asked, isTest, (instance) => Object.assign(instance, {
      state: 'active', expireTime: asked.get('expireTime'),
    }));
  }

  expireInstance(asked, isTest) {
    return this.change(asked, isTest, (instance) => Object.assign(instance, { state: 'frozen' }));
  }

  instanceStatus(asked, isTest) {
    const state = { FREEZE: 'frozen', NORMAL: 'active' }[asked.get('instanceStatus')];
    if (!state) throw new Refusal(ILLEGAL, 'instanceStatus is FREEZE or NORMAL');
    return this.change(asked, isTest, (instance) => Object.assign(instance, { state }));
  }

  releaseInstance(asked, isTest) {
    const instance = this.byId.get(asked.get('instanceId'));
    if (instance?.state === 'released') return {};
    return this.change(asked, isTest, (found) => Object.assign(found, { state: 'released' }));
  }

  upgrade(asked, isTest) {
    return this.change(asked, isTest, (instance) => {
      if (this.doneUpgrades.has(asked.get('orderId'))) return;
      this.doneUpgrades.add(asked.get('orderId'));
      Object.assign(instance, { skuCode: asked.get('skuCode'), amount: asked.get('amount') });
    });
  }

  queryInstance(asked, isTest) {
    const ids = asked.get('instanceId').split(',');
    if (ids.length > 100) throw new Refusal(ILLEGAL, 'more than 100 instances');
    const found = ids.map((id) => (isTest ? this.made(id) : this.living(id)));
    return {
      encryptType: this.encryptType,
      info: found.map((instance) => ({ instanceId: instance.instanceId, appInfo: this.appInfo(instance) })),
    };
  }

  // --- parts -------------------------------------------------------------------------------------------------------

  change(asked, isTest, act) {
    if (isTest) return {};
    const instance = this.living(asked.get('instanceId'));
    act(instance);
    this.tell(asked.get('activity'), this.simple(asked));
    return {};
  }

  living(id) {
    const instance = this.byId.get(id);
    if (!instance || instance.state === 'released') throw new Refusal(NO_INSTANCE, 'no such instance');
    return instance;
  }

  made(instanceId) {
    return {
      instanceId, state: 'active',
      userName: `管理员-${instanceId.slice(0, 8)}`,
      password: `Öffne-${randomBytes(6).toString('base64url')}`,
    };
  }

  created(instance) {
    return { encryptType: this.encryptType, instanceId: instance.instanceId, appInfo: this.appInfo(instance) };
  }

  appInfo(instance) {
    const secret = (text) => encrypt(text, this.key, this.encryptType);
    return {
      frontEndUrl: `${this.site}/app`, adminUrl: `${this.site}/admin`,
      userName: secret(instance.userName), password: secret(instance.password),
      memo: '首次登录后请修改密码。',
    };
  }

  clear(asked, name) {
    const field = asked.get(name);
    if (!field) return '';
    try {
      return decrypt(field, this.key, this.encryptType);
    } catch {
      throw new Refusal(ILLEGAL, `${name} cannot be decrypted`);
    }
  }

  simple(asked) {
    return Object.fromEntries(['activity', 'orderId', 'businessId', 'instanceId', 'customerName', 'productId',
      'chargingMode', 'periodType', 'periodNumber', 'expireTime', 'orderAmount', 'instanceStatus']
      .filter((name) => asked.has(name)).map((name) => [name, asked.get(name)]));
  }
}
