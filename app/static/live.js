// What the server says of requests as it happens, and pieces of this page made new from its own answers.

/** Follow a stream of events while the page is seen; a hidden page holds no connection. Returns what ends it. */
export function follow(address, hears, lost) {
  let source = null;
  let ended = false;
  const close = () => { source?.close(); source = null; };
  const open = () => {
    if (source || ended || document.hidden) return;
    source = new EventSource(address);
    for (const kind of ["request", "deleted"]) {
      source.addEventListener(kind, (event) => hears(kind, JSON.parse(event.data)));
    }
    source.addEventListener("reset", () => lost());
    source.addEventListener("synced", () => lost());
    source.addEventListener("end", () => end());
    source.onerror = () => {
      if (source?.readyState !== EventSource.CLOSED) return; // it connects again by itself
      close();
      setTimeout(() => { lost(); open(); }, 5000);
    };
  };
  const end = () => { ended = true; close(); };
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) close();
    else if (!ended) { lost(); open(); }
  });
  addEventListener("pagehide", close);
  addEventListener("pageshow", open);
  open();
  return end;
}

/** Put what the server shows now at an address in place of the parts with these ids, where they differ. */
export async function renew(address, ids) {
  const answer = await fetch(address, { cache: "no-store", headers: { Accept: "text/html" } });
  if (!answer.ok) return answer.status;
  const made = new DOMParser().parseFromString(await answer.text(), "text/html");
  for (const id of ids) {
    const [now, then] = [made.getElementById(id), document.getElementById(id)];
    if (!now || !then || now.innerHTML === then.innerHTML || then.contains(document.activeElement)) continue;
    then.replaceChildren(...now.childNodes);
  }
  document.title = made.title;
  return answer.status;
}

/** Run a task now, and once more after it where it was asked for meanwhile; never two at a time. */
export function single(task) {
  let running = false;
  let again = false;
  return async function run() {
    if (running) { again = true; return; }
    running = true;
    try { await task(); } catch { /* the next event tries again */ }
    running = false;
    if (again) { again = false; await run(); }
  };
}
