/* A draft, of a product or a submission: saves while one types, says so, and warns before a tab with unsaved words is closed. */
(() => {
  "use strict";
  const WAIT = 700;
  const AGAIN = 5000; // after a save that did not get through: what was typed is not left to the next key
  const form = document.querySelector("form[data-autosave]");
  if (!form) return;
  const state = document.getElementById("sc-saved");
  let timer = 0;
  let typed = 0; // counts changes, so that one that comes while a save is under way is saved too
  let saved = 0;
  let busy = false;
  let stopped = false;
  let sent = false; // the form is on its way: a save beside it would begin from the same revision, and one of the two would be refused
  let waiting; // a button that was pressed while a save was under way

  const say = (words, tone) => {
    if (state.textContent !== words) state.textContent = words; // a screen reader says it once
    state.className = tone || "";
  };

  const touch = (wait) => {
    typed += 1;
    if (!busy) say(form.dataset.unsaved);
    clearTimeout(timer);
    timer = setTimeout(save, wait);
  };

  const beside = (name, words) => {
    const place = form.querySelector(`[data-error-of="${CSS.escape(name)}"]`);
    const input = form.elements.namedItem(name);
    if (input && input.classList) {
      input.classList.toggle("is-invalid", Boolean(words));
      if (words) input.setAttribute("aria-invalid", "true");
      else input.removeAttribute("aria-invalid");
    }
    if (!place) return;
    place.replaceChildren();
    if (!words) return;
    const error = document.createElement("div");
    error.className = "tp-error";
    error.textContent = words;
    place.append(error);
  };

  let marked = [];
  const mark = (errors) => {
    for (const name of marked) if (!(name in errors)) beside(name, "");
    marked = Object.keys(errors);
    for (const name of marked) beside(name, errors[name]);
  };

  const counts = (missing) => {
    for (const badge of document.querySelectorAll("[data-missing]")) {
      const number = missing[badge.dataset.missing];
      if (number === undefined) continue;
      badge.classList.toggle("tp-wait", number > 0);
      badge.classList.toggle("tp-ok", number === 0);
      badge.firstChild.textContent = number > 0 ? String(number) : "✓";
    }
  };

  // Ids are minted by the first save: the page keeps its keys, so that the next save finds the same specs again.
  const ids = (minted) => {
    for (const [name, value] of Object.entries(minted || {})) {
      const input = form.elements.namedItem(name);
      if (input && name.endsWith(".key")) input.value = value;
      const place = form.querySelector(`[data-id-of="${CSS.escape(name)}"]`);
      if (place && !place.textContent.includes(value)) {
        const code = document.createElement("code");
        code.className = "tp-id";
        code.textContent = value;
        place.replaceChildren(code);
      }
    }
  };

  const save = async () => {
    clearTimeout(timer);
    if (busy || stopped || sent || typed === saved) return;
    busy = true;
    let lost = false;
    const now = typed;
    say(form.dataset.saving);
    const body = new FormData(form);
    for (const [name, value] of [...body]) if (value instanceof File) body.delete(name);
    try {
      const answer = await fetch(form.action, { method: "POST", body, headers: { "X-Autosave": "1" }, keepalive: [...body].join().length < 50000 });
      const said = await answer.json();
      if (said.saved) {
        saved = now;
        form.elements.namedItem(form.dataset.seen || "seen").value = said.seen;
        counts(said.missing);
        ids(said.ids);
      } else if (said.conflict) {
        // The form itself is sent: its answer shows both, and the person chooses.
        stopped = true;
        saved = typed;
        busy = false;
        form.requestSubmit();
        return;
      }
      mark(said.errors || {});
      say(said.saved && typed !== now ? form.dataset.unsaved : said.words, said.saved ? "" : "tp-error");
    } catch {
      lost = true;
      say(form.dataset.failed, "tp-error");
    } finally {
      busy = false;
    }
    if (waiting !== undefined) {
      const button = waiting;
      waiting = undefined;
      form.requestSubmit(button);
      return;
    }
    if (typed !== now) timer = setTimeout(save, WAIT);
    else if (lost) timer = setTimeout(save, AGAIN);
  };

  const changed = (event) => {
    // A file goes its own way, and what only a button uses is nothing of the draft.
    if (event.target.type === "file" || event.target.hasAttribute("data-not-saved")) return;
    touch(event.type === "change" ? 100 : WAIT);
    // Who prices a combination sells it.
    const row = event.target.dataset && event.target.dataset.priceOf;
    if (row && (event.target.checked || (event.target.type === "text" && event.target.value.trim()))) {
      const tick = form.elements.namedItem(`${row}.on`);
      if (tick && tick.type === "checkbox") tick.checked = true;
    }
  };

  form.addEventListener("input", changed);
  form.addEventListener("change", (event) => {
    if (event.target.matches("select, [type=checkbox], [type=radio]")) changed(event);
    // Another price model has other inputs: the form comes back with them.
    if (/\.(model|edges)$/.test(event.target.name || "")) {
      const button = document.createElement("button");
      Object.assign(button, { type: "submit", name: "act", value: "arrange", hidden: true });
      form.append(button);
      form.requestSubmit(button);
    }
  });
  // A picture that was handed in puts its hash into the form.
  document.addEventListener("htmx:afterSwap", (event) => {
    if (!form.contains(event.target) && !event.target.closest?.("form[data-autosave]")) return;
    touch(50);
  });
  form.addEventListener("submit", (event) => {
    if (busy) {
      // The save that is under way decides which revision this form begins from.
      event.preventDefault();
      waiting = event.submitter || null;
      return;
    }
    sent = true;
    saved = typed;
    clearTimeout(timer);
    sessionStorage.setItem("sc-scroll", String(scrollY));
  });
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState === "hidden") save();
  });
  addEventListener("pageshow", () => (sent = false)); // the browser kept the page, and the reader came back
  addEventListener("beforeunload", (event) => {
    if (typed !== saved && !busy) event.preventDefault();
  });
  for (const link of document.querySelectorAll("[data-forget]")) {
    link.addEventListener("click", () => {
      saved = typed;
      stopped = true;
    });
  }

  // After a button of the form the reader is where they were.
  const kept = sessionStorage.getItem("sc-scroll");
  sessionStorage.removeItem("sc-scroll");
  if (kept && !location.hash.startsWith("#f-")) scrollTo({ top: Number(kept), behavior: "instant" });
})();
