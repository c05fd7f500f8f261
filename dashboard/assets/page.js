// What Streamlit's page lacks: its language, a way to print, a notice when the line is cut, and
// peace from single-letter keys. It reads what the server writes into #cc-page and asks nobody.
(() => {
  "use strict";

  const LOST_AFTER = 4000; // milliseconds: a line that comes back at once needs no words
  const CUT = new Set(["DISCONNECTED_FOREVER", "PINGING_SERVER", "CONNECTING"]);

  const told = () => document.getElementById("cc-page");

  // -- the language of the page, for screen readers and for hyphenation

  const speak = () => {
    const code = told()?.dataset.language;
    if (code && document.documentElement.lang !== code) document.documentElement.lang = code;
  };

  // -- the line

  let cutSince = 0;
  const notice = document.createElement("div");
  notice.id = "cc-line";
  notice.setAttribute("role", "status");
  notice.setAttribute("aria-live", "polite");

  const state = () =>
    document.querySelector("[data-testid=stApp]")?.dataset.testConnectionState ?? "";

  const watch = () => {
    const cut = !navigator.onLine || CUT.has(state());
    cutSince = cut ? cutSince || Date.now() : 0;
    const lost = cut && told() && (!navigator.onLine || Date.now() - cutSince >= LOST_AFTER);
    const words = lost ? told().dataset.offline : "";
    if (notice.textContent !== words) notice.textContent = words;
  };

  // -- keys: Streamlit runs the whole page again on "r", which a person dictating may say

  const alone = (event) => !event.ctrlKey && !event.metaKey && !event.altKey;
  const typing = (node) => node?.closest?.("input, textarea, select, [contenteditable=true]");
  window.addEventListener(
    "keydown",
    (event) => {
      const shortcut = ["r", "c"].includes(event.key?.toLowerCase());
      if (shortcut && alone(event) && !typing(event.target)) event.stopImmediatePropagation();
    },
    true,
  );

  // -- printing

  window.addEventListener("click", (event) => {
    if (event.target?.closest?.("[data-print]")) window.print();
  });

  // what is folded away is on paper too
  let folded = [];
  window.addEventListener("beforeprint", () => {
    folded = [...document.querySelectorAll(".cc-paper details:not([open])")];
    folded.forEach((section) => (section.open = true));
  });
  window.addEventListener("afterprint", () => folded.forEach((section) => (section.open = false)));

  document.addEventListener("DOMContentLoaded", () => {
    document.body.append(notice);
    let asked = false;
    new MutationObserver(() => {
      if (asked) return;
      asked = true;
      requestAnimationFrame(() => {
        asked = false;
        speak();
      });
    }).observe(document.body, { childList: true, subtree: true });
    window.addEventListener("offline", watch);
    window.addEventListener("online", watch);
    setInterval(watch, 1000);
  });
})();
