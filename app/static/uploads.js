// The list of uploads on the page: files that are sent, two at a time, and the requests that were made of them.
import { progress, size } from "./format.js";
import { Upload } from "./tus.js";

const AT_ONCE = 2;
const ENDS = ["Succeeded", "Failed"];

export class Uploads {
  constructor(list, template, say) {
    this.list = list;
    this.template = template;
    this.say = say;
    this.waiting = [];
    this.running = 0;
    this.requests = new Map();
    addEventListener("beforeunload", (event) => { if (this.running) event.preventDefault(); });
  }

  add(files, options) {
    for (const file of files) {
      const item = new Item(this, file, options);
      this.list.append(item.shown);
      this.waiting.push(item);
    }
    this.list.hidden = false;
    this.next();
  }

  async next() {
    while (this.running < AT_ONCE && this.waiting.length) {
      const item = this.waiting.shift();
      this.running += 1;
      item.send().finally(() => { this.running -= 1; this.next(); });
    }
  }

  /** Take in a request's new state; null where it is deleted. */
  hear(name, request) {
    this.requests.get(name)?.hear(request);
  }

  /** Ask for the state of those that are not known to be over. */
  async refresh() {
    for (const [name, item] of this.requests) {
      if (item.over) continue;
      const answer = await fetch(`/requests/${name}`, { cache: "no-store" }).catch(() => null);
      if (answer?.ok) item.hear(await answer.json());
      else if (answer?.status === 404) item.hear(null);
    }
  }
}

class Item {
  constructor(uploads, file, options) {
    this.uploads = uploads;
    this.file = file;
    this.shown = uploads.template.content.firstElementChild.cloneNode(true);
    this.find = (name) => this.shown.querySelector(name);
    this.find(".title").textContent = file.name;
    this.find(".size").textContent = size(file.size);
    this.find("progress").setAttribute("aria-label", `Progress of ${file.name}`);
    this.find(".cancel").setAttribute("aria-label", `Cancel ${file.name}`);
    this.find(".cancel").addEventListener("click", () => this.cancel());
    this.find(".again").setAttribute("aria-label", `Try ${file.name} again`);
    this.find(".again").addEventListener("click", () => this.again());
    this.upload = new Upload(file, options, (what) => this.told(what));
    this.over = false;
    this.phase("Waiting", "Waits for the files before it.");
  }

  async send() {
    if (this.over) return;
    this.phase("Sending", "");
    try {
      this.name = await this.upload.send();
      this.uploads.requests.set(this.name, this);
      this.hear({ phase: "Pending", progress: { percent: 0 } });
      this.uploads.say(`${this.file.name} is sent.`);
      await this.uploads.refresh();
    } catch (error) {
      if (this.over) return;
      this.phase("Failed", error.message);
      this.find(".again").hidden = false;
      this.uploads.say(`${this.file.name} could not be sent. ${error.message}`);
    }
  }

  told({ sent, waits, why }) {
    if (waits) { this.find(".told").textContent = `${why} Goes on in ${waits} s.`; return; }
    const { percent, text } = progress(sent, this.file.size);
    this.find("progress").value = percent;
    this.find(".told").textContent = text;
  }

  hear(request) {
    if (this.over) return;
    if (request === null) { this.end("Cancelled", "The request is deleted."); return; }
    this.link();
    this.phase(request.phase, request.result ? `${request.result.tokens.toLocaleString("en")} words.` : `Request ${this.name}.`);
    this.find("progress").value = request.progress.percent;
    if (!ENDS.includes(request.phase)) return;
    this.find("progress").hidden = this.find(".cancel").hidden = this.over = true;
    this.uploads.say(`${this.file.name}: ${request.phase}.`);
  }

  link() {
    if (this.find(".title a")) return;
    const link = document.createElement("a");
    link.href = `/view/${this.name}`;
    link.textContent = this.file.name;
    this.find(".title").replaceChildren(link);
  }

  phase(name, text) {
    const badge = this.find(".phase");
    badge.textContent = name;
    badge.className = `phase ${name.toLowerCase()}`;
    this.find(".told").textContent = text;
  }

  async again() {
    this.find(".again").hidden = true;
    this.uploads.waiting.push(this);
    await this.uploads.next();
  }

  async cancel() {
    if (this.name === undefined) {
      this.end("Cancelled", "Nothing of it is kept.");
      await this.upload.cancel().catch(() => { this.find(".told").textContent = "The service is away; what it has is dropped in a day."; });
      return;
    }
    const answer = await fetch(`/requests/${this.name}`, { method: "DELETE" }).catch(() => null);
    if (answer?.ok || answer?.status === 404) this.end("Cancelled", "The request is deleted.");
    else this.find(".told").textContent = "It could not be cancelled; try again.";
  }

  end(name, text) {
    this.over = true;
    this.phase(name, text);
    for (const part of ["progress", ".cancel", ".again"]) this.find(part).hidden = true;
    this.uploads.say(`${this.file.name}: ${name}.`);
  }
}
