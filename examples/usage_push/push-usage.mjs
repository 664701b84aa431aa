// Pushes usage records to a market, with Node alone: no package is needed (openapi-jointkit §C.5).
//
//   MARKET=https://market.example BASE_KEY=… node push-usage.mjs < records.json
//
// records.json: a list of { instance_id, begin_time, end_time, usage_value, metering_sn }; times like 20260301T080000Z. Make each
// metering_sn once, keep it with the record, and push it again under the same one until this says that the market has it.
// Ends with 0 when the market took all, 1 when it named records as wrong (they are printed), 2 when the push must be repeated.
import { createHmac, randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";

const PATH = "/api/mkp-openapi-public/global/v1/isv/usage-data";
const MOST = 1000;
const DUPLICATE = "94060010"; // the market has this usage already: nothing is left to do

const sorted = (value) => {
  if (Array.isArray(value)) return value.map(sorted);
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(Object.keys(value).sort().map((name) => [name, sorted(value[name])]));
};

export const signature = (key, ts, nonce, body) =>
  createHmac("sha256", key).update(`ts=${ts}&nonce=${nonce}&body=${body}`).digest("base64");

/** One push of 1 to 1,000 records. Gives those that the market called wrong; throws when it has to be pushed again. */
export async function push(market, key, records) {
  // Sorted once, and these very bytes are signed and sent.
  const body = JSON.stringify(sorted({ usage_records: records }));
  const [ts, nonce] = [String(Date.now()), randomUUID()];
  const answer = await fetch(market.replace(/\/+$/, "") + PATH, {
    method: "POST",
    headers: { "Content-Type": "application/json", ts, nonce, signature: signature(key, ts, nonce, body) },
    body,
    redirect: "error", // the signature is for this address
  });
  const said = await answer.json().catch(() => ({}));
  if (answer.status !== 200 || said.error_code !== "MKT.0000") {
    const wait = answer.headers.get("Retry-After");
    throw new Error(`${answer.status} ${said.error_code ?? ""}: ${said.error_msg ?? ""}${wait ? `; come again in ${wait} s` : ""}`);
  }
  return (said.abnormal_usage_data ?? []).filter((one) => one.error_code !== DUPLICATE);
}

async function main() {
  const { MARKET, BASE_KEY } = process.env;
  if (!MARKET || !BASE_KEY) throw new Error("MARKET and BASE_KEY are missing: address and base key are in the seller center");
  const now = new Date().toISOString().replace(/[-:]|\.\d+/g, "");
  const records = JSON.parse(readFileSync(0, "utf8")).map((record) => ({ record_time: now, ...record }));
  let wrong = 0;
  for (let n = 0; n < records.length; n += MOST) {
    for (const one of await push(MARKET, BASE_KEY, records.slice(n, n + MOST))) {
      wrong += 1;
      console.log(JSON.stringify(one));
    }
  }
  console.error(`${records.length - wrong} taken, ${wrong} wrong`);
  return wrong ? 1 : 0;
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  process.exitCode = await main().catch((error) => {
    console.error(error.message);
    return 2;
  });
}
