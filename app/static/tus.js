// Sends one file in pieces by tus 1.0, goes on after whatever breaks, also after a reload of the page.
// The server's word on how much it has is asked for after each failure and is believed.
import { mayPass, metadata, pause, place } from "./format.js";

/** What a browser keeps beyond a reload; it may be told to keep nothing. */
const kept = {
  get(key) { try { return localStorage.getItem(key); } catch { return null; } },
  set(key, value) { try { kept.set(key, value); } catch { /* then a reload begins anew */ } },
  drop(key) { try { localStorage.removeItem(key); } catch { /* nothing was kept */ } },
};

const PIECE = 16 * 1024 * 1024;
const VERSION = { "Tus-Resumable": "1.0.0" };

/** What the server says no to, in its own words. */
export class Refused extends Error {
  constructor(answer) {
    let told = {};
    try { told = JSON.parse(answer.responseText); } catch { /* no problem document */ }
    super(told.detail ? `${told.title}. ${told.detail}` : `The service answered ${answer.status}.`);
    this.status = answer.status;
    this.retryAfter = Number(answer.getResponseHeader?.("Retry-After")) || 0;
  }
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

  /** Send it; returns the name of the request that was made of it. Throws Refused where it is refused for good. */
  async send() {
    let tries = 0;
    let offset = null;
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
        if (error.status === 404 || error.status === 410) this.forget();
        else if (!mayPass(error.status)) throw error;
        offset = null;
        tries += 1;
        await this.wait(Math.max(pause(tries), 1000 * error.retryAfter), error.message);
      }
    }
  }

  /** Begin, or go on with what was begun; returns how much is there. */
  async begin() {
    this.address = kept.get(this.place);
    if (this.address) {
      try { return this.read(await call(this, "HEAD", this.address, {}, null)); } catch (error) {
        if (error.status !== 404 && error.status !== 410) throw error;
      }
    }
    const headers = { "Upload-Length": String(this.file.size), "Upload-Metadata": this.described };
    const answer = await call(this, "POST", "/uploads", headers, null);
    this.address = answer.getResponseHeader("Location");
    localStorage.setItem(this.place, this.address);
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

  forget() { kept.drop(this.place); }

  /** Stop, and have the server forget what it has. */
  async cancel() {
    this.over = true;
    this.running?.abort();
    this.wake?.();
    this.forget();
    if (!this.address) return;
    // The last byte may have come in just before: then there is a request, and it is not wanted either.
    const state = await fetch(this.address, { method: "HEAD", headers: VERSION });
    const name = state.headers.get("Textmill-Request");
    if (name) await fetch(`/requests/${name}`, { method: "DELETE" });
    await fetch(this.address, { method: "DELETE", headers: VERSION });
  }
}
