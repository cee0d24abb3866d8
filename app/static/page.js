// Brings the page to life where scripts run; what it does without them is the server's own work.
import { whole } from "./format.js";
import { follow, renew, single } from "./live.js";
import { Uploads } from "./uploads.js";

const id = (name) => document.getElementById(name);

function sending(form) {
  const [drop, input, said] = [id("drop"), id("file"), id("said")];
  const uploads = new Uploads(id("uploads"), id("upload"), (text) => { said.textContent = text; });
  input.multiple = true;
  for (const one of document.querySelectorAll("[data-scripted]")) one.hidden = false;
  for (const one of document.querySelectorAll("[data-plain]")) one.hidden = true;
  const take = (files) => {
    const options = Object.fromEntries([...new FormData(form)].filter(([name]) => name !== "file"));
    if (files.length > 1) delete options.name; // it is one request's
    uploads.add(files, options);
    input.value = "";
  };
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    take([...input.files]);
  });
  for (const kind of ["dragenter", "dragover"]) {
    document.addEventListener(kind, (event) => {
      if (!event.dataTransfer?.types.includes("Files")) return;
      event.preventDefault();
      drop.classList.add("over");
    });
  }
  document.addEventListener("dragleave", (event) => { if (!event.relatedTarget) drop.classList.remove("over"); });
  document.addEventListener("drop", async (event) => {
    if (!event.dataTransfer?.types.includes("Files")) return;
    event.preventDefault();
    drop.classList.remove("over");
    const fields = [...form.elements].filter((one) => one !== input);
    if (!fields.every((one) => one.reportValidity())) return;
    const files = [...event.dataTransfer.files];
    const entries = [...event.dataTransfer.items].map((one) => one.webkitGetAsEntry?.()).filter(Boolean); // gone later
    if (!entries.some((one) => one.isDirectory)) { take(files); return; }
    const { filesOf } = await import("./dropped.js");
    const { found, left } = await filesOf(entries);
    take(found);
    if (!found.length) said.textContent = "There are no files in it.";
    if (left) said.textContent = `${left} files more were left out; send them in another drop.`;
  });
  return uploads;
}

function listing(list, template) {
  const body = list.querySelector("tbody");
  const newest = Number(list.dataset.newest || 0);
  const row = (name) => body.querySelector(`tr[data-name="${CSS.escape(name)}"]`);
  const made = (request) => {
    const fresh = template.content.querySelector("tr").cloneNode(true);
    fresh.dataset.name = request.name;
    fresh.querySelector("a").href = `/view/${request.name}`;
    fresh.querySelector("a").textContent = request.input.name || request.name;
    fresh.querySelector("small").textContent = request.name;
    fresh.querySelector(".made").textContent = request.createdAt.replace("T", " ").replace("Z", " UTC");
    body.prepend(fresh);
    while (body.rows.length > newest) body.lastElementChild.remove();
    list.hidden = false;
    if (id("none")) id("none").hidden = true;
    return fresh;
  };
  return (kind, request) => {
    const shown = row(request.name) || (kind === "request" && newest ? made(request) : null);
    if (!shown) return;
    if (kind === "deleted") { shown.remove(); return; }
    const badge = shown.querySelector(".phase");
    badge.textContent = request.phase;
    badge.className = `phase ${request.phase.toLowerCase()}`;
    shown.querySelector(".number").textContent = request.result ? whole(request.result.tokens) : "";
  };
}

function home(form) {
  const uploads = sending(form);
  const show = id("list") ? listing(id("list"), id("row")) : () => {};
  follow("/requests/events", (kind, request) => {
    show(kind, request);
    uploads.hear(request.name, kind === "deleted" ? null : request);
  }, single(() => uploads.refresh()));
}

function viewing(section) {
  const parts = ["live-lead", "live-state", "live-result", "live-story", "live-commands", "live-end"];
  const show = single(async () => {
    if (await renew(location.href, parts) === 404) location.assign("/");
    lively();
  });
  follow(section.dataset.follow, show, show);
}

function searching(form) {
  if (!form || form.dataset.lively) return;
  form.dataset.lively = "yes";
  let timer = 0;
  const search = single(async () => {
    const address = `${form.action.split("#")[0]}?${new URLSearchParams(new FormData(form))}`;
    await renew(address, ["live-found", "live-words", "live-commands"]);
    history.replaceState(null, "", address);
    lively();
  });
  form.addEventListener("input", () => { clearTimeout(timer); timer = setTimeout(search, 250); });
  form.addEventListener("submit", (event) => { event.preventDefault(); clearTimeout(timer); search(); });
}

async function copy(button) {
  const code = button.parentElement.querySelector("code");
  try {
    await navigator.clipboard.writeText(code.textContent);
  } catch { // only secure addresses have a clipboard
    getSelection().selectAllChildren(code);
    document.execCommand("copy");
  }
  id("copied").textContent = "Copied.";
  button.textContent = "Copied";
  setTimeout(() => { button.textContent = "Copy"; id("copied").textContent = ""; }, 2000);
}

/** Give life to what may have been made new. */
function lively() {
  for (const one of document.querySelectorAll("[data-copy][hidden]")) one.hidden = false;
  searching(id("search"));
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-copy]");
  if (button) copy(button);
});
if (id("form")) home(id("form"));
const followed = document.querySelector("[data-follow]");
if (followed) viewing(followed);
lively();
