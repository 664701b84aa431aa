// Push usage records to a market. Needs Node and no packages (openapi-jointkit §C.5).
//
//   MARKET=https://market.example BASE_KEY=… node push-usage.mjs < records.json
//
// records.json: a list of { instance_id, begin_time, end_time, usage_value, metering_sn }; times like 20260301T080000Z. Create each
// metering_sn once, store it with the record, and push the record with the same metering_sn until the market has accepted it.
// Exit code: 0 if the market accepted all records, 1 if it refused some (they are printed), 2 if the push must be repeated.
import { createHmac, randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";

const PATH = "/api/mkp-openapi-public/global/v1/isv/usage-data";
const MAX_RECORDS = 1000;
const DUPLICATE = "94060010"; // the market has this usage already

const sorted = (value) => {
  if (Array.isArray(value)) return value.map(sorted);
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(Object.keys(value).sort().map((name) => [name, sorted(value[name])]));
};

export const signature = (key, ts, nonce, body) =>
  createHmac("sha256", key).update(`ts=${ts}&nonce=${nonce}&body=${body}`).digest("base64");

/** Push 1 to 1,000 records. Return those that the market refused. Throw an error if the push must be repeated. */
export async function push(market, key, records) {
  // Sign and send the same bytes.
  const body = JSON.stringify(sorted({ usage_records: records }));
  const [ts, nonce] = [String(Date.now()), randomUUID()];
  const response = await fetch(market.replace(/\/+$/, "") + PATH, {
    method: "POST",
    headers: { "Content-Type": "application/json", ts, nonce, signature: signature(key, ts, nonce, body) },
    body,
    redirect: "error", // the signature is valid only for this address
  });
  const result = await response.json().catch(() => ({}));
  if (response.status !== 200 || result.error_code !== "MKT.0000") {
    const wait = response.headers.get("Retry-After");
    throw new Error(`${response.status} ${result.error_code ?? ""}: ${result.error_msg ?? ""}${wait ? `; retry in ${wait} s` : ""}`);
  }
  return (result.abnormal_usage_data ?? []).filter((record) => record.error_code !== DUPLICATE);
}

async function main() {
  const { MARKET, BASE_KEY } = process.env;
  if (!MARKET || !BASE_KEY) throw new Error("MARKET and BASE_KEY are missing: address and base key are in the seller center");
  const now = new Date().toISOString().replace(/[-:]|\.\d+/g, "");
  const records = JSON.parse(readFileSync(0, "utf8")).map((record) => ({ record_time: now, ...record }));
  let wrong = 0;
  for (let n = 0; n < records.length; n += MAX_RECORDS) {
    for (const refused of await push(MARKET, BASE_KEY, records.slice(n, n + MAX_RECORDS))) {
      wrong += 1;
      console.log(JSON.stringify(refused));
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
