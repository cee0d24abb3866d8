// Sends one file in pieces by tus 1.0, goes on after whatever breaks, also after a reload of the page.
// The server's word on how much it has is asked for after each failure and is believed.
import { mayPass, metadata, pause, place } from "./format.js";

/** What a browser keeps beyond a reload; it may be told to keep nothing. */
const kept = {
  get(key) { try { return localStorage.getItem(key); } catch { return null; } },
  set(key, value) { try { localStorage.setItem(key, value); } catch { /* then a reload begins anew */ } },
  drop(key) { try { localStorage.removeItem(key); } catch { /* nothing was kept */ } },
};

/** Places of uploads under way here: the same file a second time is an upload of its own. */
const taken = new Set();
const PIECE = 16 * 1024 * 1024;
const LAST_TRY = 8; // of a call at which the service fails by itself
const VERSION = { "Tus-Resumable": "1.0.0" };

/** What the server says no to, in its own words. */
export class Refused extends Error {
  constructor(answer) {
    let told = {};
    try { told = JSON.parse(answer.responseText); } catch { /* no problem document */ }
    const without = answer.status ? `The service answered ${answer.status}.` : "The service is away.";
    super(told.detail ? `${told.title}. ${told.detail} ${told.hint ?? ""}`.trim() : without);
    this.status = answer.status;
    this.reason = told.reason;
    this.retryAfter = Number(answer.getResponseHeader?.("Retry-After")) || 0;
  }
}

/** A file that the browser cannot read, so that no try can help. */
export class Unreadable extends Error {
  constructor() { super("It cannot be read: it was changed or removed, or is a folder. Choose it again."); }
}

/** A call that tells how much of its body is sent, which fetch cannot. */
function call(upload, method, address, headers, body, sent) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    upload.running = request;
    request.open(method, address);
    for (const [name, value] of Object.entries({ ...VERSION, ...headers })) request.setRequestHeader(name, value);
    if (sent) request.upload.onprogress = (event) => sent(event.loaded);
    request.onload = () => (request.status < 300 ? resolve(request) : reject(new Refused(request)));
    request.onerror = request.onabort = () => reject(new Refused({ status: 0, responseText: "" }));
    request.send(body);
  });
}

export class Upload {
  /** `told` is called with what happens: { sent }, { waits: seconds, why }. */
  constructor(file, options, told) {
    this.file = file;
    this.described = metadata({ filename: file.name, ...options });
    this.place = place(file, this.described);
    this.told = told;
    this.over = false;
  }

  /** Send it; returns the name of the request that was made of it. Throws what no further try can help against. */
  async send() {
    this.alone = !taken.has(this.place);
    taken.add(this.place);
    try { return await this.pieces(); } finally { if (this.alone) taken.delete(this.place); }
  }

  async pieces() {
    let tries = 0;
    let offset = null;
    await this.readable(0);
    for (;;) {
      try {
        if (offset === null) offset = await this.begin();
        while (this.request === undefined) {
          offset = await this.piece(offset);
          tries = 0;
        }
        this.forget();
        return this.request;
      } catch (error) {
        if (this.over || !(error instanceof Refused)) throw error;
        tries += 1;
        if (error.status === 404 || error.status === 410) this.forget();
        else if (!mayPass(error.status, error.reason) || (error.status === 500 && tries >= LAST_TRY)) throw error;
        if (!error.status) await this.readable(offset ?? 0);
        offset = null;
        await this.wait(Math.max(pause(tries), 1000 * error.retryAfter), error.message);
      }
    }
  }

  /** See that the file can still be read: a body that cannot looks like a connection that broke. */
  async readable(offset) {
    const some = this.file.size ? this.file.slice(offset, offset + 1) : this.file; // what is gone may have no size
    try { await some.arrayBuffer(); } catch { throw new Unreadable(); }
  }

  /** Begin, or go on with what was begun; returns how much is there. */
  async begin() {
    this.address ||= this.alone && kept.get(this.place);
    if (this.address) {
      try { return this.read(await call(this, "HEAD", this.address, {}, null)); } catch (error) {
        if (error.status !== 404 && error.status !== 410) throw error;
      }
    }
    const headers = { "Upload-Length": String(this.file.size), "Upload-Metadata": this.described };
    const answer = await call(this, "POST", "/uploads", headers, null);
    this.address = answer.getResponseHeader("Location");
    if (this.alone) kept.set(this.place, this.address);
    return this.read(answer);
  }

  async piece(offset) {
    const body = this.file.slice(offset, offset + PIECE);
    const headers = { "Upload-Offset": String(offset), "Content-Type": "application/offset+octet-stream" };
    return this.read(await call(this, "PATCH", this.address, headers, body, (sent) => this.told({ sent: offset + sent })));
  }

  read(answer) {
    this.request = answer.getResponseHeader("Textmill-Request") || undefined;
    const offset = Number(answer.getResponseHeader("Upload-Offset"));
    this.told({ sent: offset });
    return offset;
  }

  wait(milliseconds, why) {
    this.told({ waits: Math.round(milliseconds / 1000), why });
    return new Promise((resolve, reject) => {
      const timer = setTimeout(resolve, milliseconds);
      this.wake = () => { clearTimeout(timer); if (this.over) reject(new Refused({ status: 0, responseText: "" })); else resolve(); };
    });
  }

  forget() {
    this.address = null;
    if (this.alone) kept.drop(this.place);
  }

  /** Stop, and have the server forget what it has. */
  async cancel() {
    this.over = true;
    this.running?.abort();
    this.wake?.();
    const address = this.address;
    this.forget();
    if (!address) return;
    // The last byte may have come in just before: then there is a request, and it is not wanted either.
    const state = await fetch(address, { method: "HEAD", headers: VERSION });
    const name = state.headers.get("Textmill-Request");
    if (name) await fetch(`/requests/${name}`, { method: "DELETE" });
    await fetch(address, { method: "DELETE", headers: VERSION });
  }
}
