// Sends a file by the unmodified tus-js-client: node send.js ENDPOINT FILE PIECE. Says each piece that was taken, then
// the upload's address, each on a line of its own.
import { readFileSync } from "node:fs";

import { Upload } from "tus-js-client";

const [endpoint, file, piece] = process.argv.slice(2);

const upload = new Upload(readFileSync(file), {
  endpoint,
  chunkSize: Number(piece),
  retryDelays: Array(60).fill(200),
  metadata: { filename: "big.txt", filetype: "text/plain" },
  onChunkComplete: (size, taken) => console.log(`taken ${taken}`),
  onSuccess: () => { console.log(`address ${upload.url}`); process.exit(0); },
  onError: (error) => { console.error(error); process.exit(1); },
});
upload.start();
