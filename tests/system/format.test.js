// The pure part of the page's script, run by node: `node --test tests/system/format.test.js`.
import assert from "node:assert/strict";
import { test } from "node:test";

import { mayPass, metadata, pause, place, progress, size, whole } from "../../app/static/format.js";

test("sizes are said in the largest unit that keeps a whole part", () => {
  const said = [0, 1, 1023, 1024, 1536, 5 * 2 ** 20, 100 * 2 ** 30, 3 * 2 ** 40, 5000 * 2 ** 40].map(size);
  assert.deepEqual(said, [
    "0 bytes", "1 bytes", "1023 bytes", "1.0 KiB", "1.5 KiB", "5.0 MiB", "100.0 GiB", "3.0 TiB", "5000.0 TiB",
  ]);
});

test("numbers have commas as the server writes them", () => {
  assert.deepEqual([0, 999, 1000, 1234567].map(whole), ["0", "999", "1,000", "1,234,567"]);
});

test("metadata is base64 of UTF-8, without what is empty", () => {
  assert.equal(metadata({ filename: "Größe 木.txt", encoding: "", topWords: "3" }),
    `filename ${Buffer.from("Größe 木.txt").toString("base64")},topWords ${Buffer.from("3").toString("base64")}`);
  assert.equal(metadata({}), "");
});

test("another file, or other options, begin an upload of their own", () => {
  const file = { name: "a.txt", size: 5, lastModified: 7 };
  const places = [place(file, "x"), place(file, "y"), place({ ...file, size: 6 }, "x"), place({ ...file, lastModified: 8 }, "x")];
  assert.equal(new Set(places).size, 4);
  assert.equal(place({ ...file }, "x"), places[0]);
});

test("pauses double up to half a minute", () => {
  assert.deepEqual([1, 2, 3, 6, 99].map(pause), [1000, 2000, 4000, 30000, 30000]);
});

test("only what may pass is tried again", () => {
  assert.deepEqual([0, 409, 423, 429, 500, 503, 507].map((one) => mayPass(one)), Array(7).fill(true));
  assert.deepEqual([400, 401, 403, 404, 410, 413, 422, 501, 505].map((one) => mayPass(one)), Array(9).fill(false));
  assert.deepEqual(["OffsetMismatch", "NameTaken"].map((one) => mayPass(409, one)), [true, false]);
});

test("progress is rounded down, and nothing to send is all sent", () => {
  assert.deepEqual(progress(999, 1000), { percent: 99, text: "999 bytes of 1000 bytes, 99 %" });
  assert.equal(progress(0, 0).percent, 100);
});
