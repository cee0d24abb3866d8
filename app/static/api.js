// Sends what a form of the page /api says, and shows the answer. Nothing is kept, nothing goes elsewhere.
"use strict";

const SHOWN = 20000;

function address(form) {
  let path = form.dataset.path;
  const query = new URLSearchParams();
  for (const input of form.querySelectorAll("input[data-in]")) {
    if (input.dataset.in === "path") path = path.replace(`{${input.name}}`, encodeURIComponent(input.value));
    if (input.dataset.in === "query" && input.value) query.set(input.name, input.value);
  }
  return query.size ? `${path}?${query}` : path;
}

function request(form) {
  const headers = new Headers();
  const token = document.getElementById("bearer").value;
  if (token) headers.set("Authorization", `Bearer ${token}`);
  for (const input of form.querySelectorAll('input[data-in="header"]')) {
    if (input.value) headers.set(input.name, input.value);
  }
  const type = form.querySelector('[data-in="type"]');
  const text = form.querySelector('[data-in="body"]');
  if (!type) return { method: form.dataset.method, headers };
  if (type.value === "multipart/form-data") {
    const body = new FormData();
    body.set("file", new Blob([text.value]), "text.txt");
    return { method: form.dataset.method, headers, body };
  }
  headers.set("Content-Type", type.value);
  return { method: form.dataset.method, headers, body: text.value };
}

async function send(event) {
  event.preventDefault();
  const form = event.target;
  const shown = form.querySelector(".answer");
  shown.hidden = false;
  shown.textContent = "…";
  try {
    const answer = await fetch(address(form), request(form));
    const reader = answer.body ? answer.body.getReader() : null;
    shown.textContent = `${answer.status} ${answer.statusText}\n`;
    const decoder = new TextDecoder();
    while (reader && shown.textContent.length < SHOWN) {
      const { done, value } = await reader.read();
      if (done) return;
      shown.textContent += decoder.decode(value, { stream: true });
    }
    if (reader) await reader.cancel();
  } catch (error) {
    shown.textContent = String(error);
  }
}

for (const form of document.querySelectorAll("form.try")) form.addEventListener("submit", send);
document.querySelector("form.bearer").addEventListener("submit", (event) => event.preventDefault());
