// Uploads a file with tus-js-client as npm has it: node tus_upload.mjs URL FILE ASSET LABEL COOKIE TOKEN CHUNK
import { createReadStream } from "node:fs";
import * as tus from "tus-js-client";

const [url, file, asset, label, cookie, token, chunk] = process.argv.slice(2);
let cuts = 0;
const upload = new tus.Upload(createReadStream(file), {
  endpoint: url,
  retryDelays: [200, 400, 800, 800, 800],
  chunkSize: Number(chunk) || Infinity,
  metadata: { filename: "weather.csv", asset, label },
  headers: { Cookie: cookie, "X-CSRFToken": token },
  onShouldRetry: () => (cuts += 1) < 20,
  onError: (error) => {
    console.error(String(error));
    process.exit(1);
  },
  onSuccess: () => console.log(JSON.stringify({ url: upload.url, cuts })),
});
upload.start();
