// Signs and sends each request of standard input, written from the public description alone (openapi-jointkit §C.1).
// A line: method, query, headers, body; names and values in hexadecimal, "-" for nothing. The query travels as a form.
import { createHash, createHmac } from "node:crypto";
import { readFileSync } from "node:fs";
import { request } from "node:http";

const PATH = "/api/mkp-openapi-public/global/v1/order/query";
const { MARKET, AK, SK } = process.env;

const text = (hex) => Buffer.from(hex, "hex").toString("utf8");
const pairs = (field) => (field === "-" ? [] : field.split("&").map((pair) => pair.split("=").map(text)));
const encoded = (value) => encodeURIComponent(value).replace(/[!'()*]/g, (c) => "%" + c.charCodeAt(0).toString(16).toUpperCase());
const sha256 = (content) => createHash("sha256").update(content).digest("hex");
const ascending = (a, b) => (a < b ? -1 : a > b ? 1 : 0);

function send(method, query, headers, body) {
  const date = new Date().toISOString().replace(/[-:]|\.\d+/g, "");
  const sent = { "X-Sdk-Date": date, ...Object.fromEntries(headers) };
  if (body.length) sent["Content-Length"] = body.length;
  const signed = new Map([["host", new URL(MARKET).host], ["x-sdk-date", date]]);
  for (const [name, value] of headers) signed.set(name.toLowerCase(), value.trim());
  const names = [...signed.keys()].sort(ascending);
  const canonical = [
    method,
    PATH + "/",
    query.map(([n, v]) => [encoded(n), encoded(v)]).sort((a, b) => ascending(a[0], b[0]) || ascending(a[1], b[1])).map((p) => p.join("=")).join("&"),
    names.map((name) => `${name}:${signed.get(name)}\n`).join(""),
    names.join(";"),
    signed.get("x-sdk-content-sha256") ?? sha256(body),
  ].join("\n");
  const signature = createHmac("sha256", SK).update(`SDK-HMAC-SHA256\n${date}\n${sha256(canonical)}`).digest("hex");
  sent.Authorization = `SDK-HMAC-SHA256 Access=${AK}, SignedHeaders=${names.join(";")}, Signature=${signature}`;
  const target = query.length ? `${PATH}?${new URLSearchParams(query)}` : PATH;
  return new Promise((resolve, reject) => {
    const asked = request(MARKET + target, { method, headers: sent }, (answer) => {
      const chunks = [];
      answer.on("data", (chunk) => chunks.push(chunk));
      answer.on("end", () => resolve(`${Buffer.concat(chunks)} ${answer.statusCode}`));
    });
    asked.on("error", reject);
    asked.end(body);
  });
}

for (const line of readFileSync(0, "utf8").trim().split("\n")) {
  const [method, query, headers, body] = line.split(" ");
  console.log(await send(method, pairs(query), pairs(headers), Buffer.from(body === "-" ? "" : body, "hex")));
}
