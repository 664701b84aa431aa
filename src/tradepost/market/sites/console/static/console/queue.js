// Keys of the work queue while the focus is in it, for the entry that stands beside the list; each has a button as well. j, k and
// Enter: market.js.
"use strict";

document.addEventListener("keydown", (event) => {
  if (!/^[as]$/.test(event.key) || event.ctrlKey || event.metaKey || event.altKey) return;
  if (!event.target.closest("[data-keys], #c-peek")) return;
  if (event.target.closest("input, textarea, select, dialog, [contenteditable]")) return;
  const peek = document.querySelector("#c-peek [data-entry]");
  if (!peek) return;
  event.preventDefault();
  if (event.key === "a") {
    const take = peek.querySelector("[data-take] button[value='me']");
    if (take) take.click();
    return;
  }
  const putOff = peek.querySelector("[data-put-off]");
  putOff.open = true;
  putOff.querySelector("button").focus();
});

// What is shown already is not fetched again: it may be half filled in.
document.addEventListener("htmx:beforeRequest", (event) => {
  if (event.target.matches("[data-queue-row].c-here")) event.preventDefault();
});

// The row whose facts are shown is marked, and after an act the list goes on where it was.
document.addEventListener("htmx:afterSwap", (event) => {
  if (event.detail.target.id !== "c-peek") return;
  event.detail.target.classList.remove("c-peek-first");
  for (const row of document.querySelectorAll("[data-queue-row]")) row.classList.toggle("c-here", row === event.detail.requestConfig.elt);
});
document.addEventListener("DOMContentLoaded", () => {
  const here = document.querySelector("[data-queue-row].c-here a");
  if (here && !document.querySelector(".c-peek-first") && matchMedia("(min-width: 62rem)").matches) here.focus({ preventScroll: true });
});
