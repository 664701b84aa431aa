/* Suggestions below a search field (a combobox with a list), and the search over a whole site that Ctrl+K or ⌘K opens. */
(() => {
  "use strict";
  const say = (words) => {
    const live = document.getElementById("tp-live");
    if (live) live.textContent = words;
  };
  const inDialog = (list) => list.closest("dialog");

  const combine = (field) => {
    const list = document.getElementById(field.dataset.options);
    let at = -1;
    const options = () => [...list.querySelectorAll("[role=option]:not([aria-disabled])")];
    const show = (open) => {
      list.hidden = !open;
      field.setAttribute("aria-expanded", String(open));
      if (!open) mark(-1);
    };
    const mark = (next) => {
      const all = options();
      at = next;
      all.forEach((option, place) => option.setAttribute("aria-selected", String(place === at)));
      if (all[at]) {
        field.setAttribute("aria-activedescendant", all[at].id);
        all[at].scrollIntoView({ block: "nearest" });
      } else field.removeAttribute("aria-activedescendant");
    };
    list.setAttribute("role", "listbox");
    const states = { role: "combobox", autocomplete: "off", "aria-autocomplete": "list", "aria-expanded": "false", "aria-controls": list.id };
    for (const [name, value] of Object.entries(states)) field.setAttribute(name, value);

    field.addEventListener("input", () => {
      mark(-1); // the next answer has other options
      if (field.value.trim()) return;
      list.replaceChildren();
      show(false);
    });
    list.addEventListener("htmx:afterSwap", () => {
      // The answer may come when the field is empty again, or left.
      const wanted = field.value.trim() && document.activeElement === field;
      if (!wanted) list.replaceChildren();
      mark(-1);
      show(Boolean(wanted && list.querySelector("[role=option]")));
      if (wanted) say(list.querySelector("[data-said]")?.dataset.said || "");
    });
    field.addEventListener("keydown", (event) => {
      if (event.isComposing) return; // Enter and arrows choose characters in an input method
      const count = options().length;
      if (event.key === "Escape" && inDialog(list)) {
        event.preventDefault(); // a search field would only be emptied
        inDialog(list).close();
      } else if (event.key === "Escape" && !list.hidden) {
        event.preventDefault(); // what was typed stays
        event.stopPropagation();
        show(false);
      } else if (/^Arrow(Down|Up)$/.test(event.key) && count) {
        event.preventDefault();
        if (list.hidden) show(true);
        const steps = event.key === "ArrowDown" ? 1 : -1;
        mark(at < 0 && steps < 0 ? count - 1 : at + steps >= count ? -1 : at + steps);
      } else if (event.key === "Enter" && !list.hidden && at >= 0) {
        event.preventDefault();
        location.assign(options()[at].dataset.href);
      }
    });
    list.addEventListener("mousedown", (event) => event.preventDefault()); // the field keeps the focus
    list.addEventListener("click", (event) => {
      const option = event.target.closest("[data-href]");
      if (option) location.assign(option.dataset.href);
    });
    field.addEventListener("blur", () => inDialog(list) || show(false));
    field.addEventListener("focus", () => options().length && field.value.trim() && show(true));
  };

  const palette = () => document.querySelector("a[data-palette]");
  const open = (link) => {
    const dialog = document.getElementById(link.dataset.palette);
    if (!dialog.open) dialog.showModal();
    dialog.querySelector("input").select();
  };
  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[data-palette]");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    open(link);
  });
  document.addEventListener("keydown", (event) => {
    if (!(event.ctrlKey || event.metaKey) || event.altKey || event.shiftKey || event.key.toLowerCase() !== "k") return;
    const link = palette();
    const field = document.getElementById("tp-q");
    if (!link && !field) return;
    if (link && document.querySelector("dialog[open]:not(.tp-palette)")) return; // a question waits for its answer
    event.preventDefault();
    if (link) open(link);
    else field.select();
  });

  document.addEventListener("DOMContentLoaded", () => {
    for (const field of document.querySelectorAll("input[data-options]")) combine(field);
    if (/Mac|iP/.test(navigator.platform)) for (const keys of document.querySelectorAll("a[data-palette] kbd")) keys.textContent = "⌘K";
  });
})();
