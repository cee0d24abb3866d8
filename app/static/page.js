// Asks for the request's state and reloads the page when it has changed; without scripts the page reloads itself.
"use strict";
(() => {
  const state = document.getElementById("state");
  const progress = document.getElementById("progress");
  const ask = async () => {
    let wait = 1000;
    try {
      const answer = await fetch(state.dataset.request, { cache: "no-store" });
      if (answer.status === 404) { location.reload(); return; }
      if (answer.ok) {
        const request = await answer.json();
        if (request.phase !== state.dataset.phase) { location.reload(); return; }
        progress.value = request.progress.percent;
      } else {
        wait = 5000;
      }
    } catch (error) {
      wait = 5000;
    }
    setTimeout(ask, wait);
  };
  if (state && progress) setTimeout(ask, 500);
})();
