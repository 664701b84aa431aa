/* What pages need from the browser: theme, menus, dialogs, copying, secrets. No page has a script of its own. */
(() => {
  "use strict";
  const root = document.documentElement;

  // Theme: a cookie when the person chose one (the server then renders it), else what the system prefers.
  const system = matchMedia("(prefers-color-scheme: dark)");
  const chosen = () => (document.cookie.match(/(?:^|; )theme=(light|dark)/) || [])[1];
  const show = () => root.setAttribute("data-bs-theme", chosen() || (system.matches ? "dark" : "light"));
  show();
  system.addEventListener("change", show);

  const say = (words) => {
    const live = document.getElementById("tp-live");
    if (live) live.textContent = words;
  };

  const copy = async (button) => {
    const source = button.dataset.copyFrom && document.getElementById(button.dataset.copyFrom);
    const text = source ? source.textContent : button.dataset.copy;
    try {
      await navigator.clipboard.writeText(text);
    } catch {
      // Outside https the clipboard API is missing; the older way still works there.
      const area = Object.assign(document.createElement("textarea"), { value: text });
      document.body.append(area);
      area.select();
      document.execCommand("copy");
      area.remove();
    }
    say(button.dataset.done || "");
    button.classList.add("tp-ok");
    setTimeout(() => button.classList.remove("tp-ok"), 1500);
  };

  // A secret shows for half a minute. With a URL it is fetched when asked for and never stays in the page.
  const MASK = "••••••••";
  const timers = new WeakMap();
  const hide = (box) => {
    box.querySelector("code").textContent = MASK;
    box.querySelector("[data-secret-show]").hidden = false;
    for (const part of box.querySelectorAll("[data-secret-hide], [data-copy-from]")) part.hidden = true;
    clearTimeout(timers.get(box));
  };
  const unveil = (box, clear) => {
    box.querySelector("code").textContent = clear;
    box.querySelector("[data-secret-show]").hidden = true;
    for (const part of box.querySelectorAll("[data-secret-hide], [data-copy-from]")) part.hidden = false;
    timers.set(box, setTimeout(() => hide(box), 30000));
  };
  const reveal = async (box, form) => {
    let clear = box.dataset.value;
    if (clear === undefined) {
      const answer = await fetch(form.action, { method: "POST", body: new FormData(form), headers: { "X-Requested-With": "fetch" } });
      if (!answer.ok || answer.redirected) return say(box.dataset.failed || "");
      clear = await answer.text();
    }
    // The page may have been loaded again meanwhile (web/polled.py): the same secret then has another box.
    const same = (other) => other.querySelector("form").action === form.action;
    const shown = box.isConnected ? box : [...document.querySelectorAll("[data-secret]")].find(same);
    if (shown) unveil(shown, clear);
  };

  document.addEventListener("submit", (event) => {
    const box = event.target.closest("[data-secret]");
    if (box) {
      event.preventDefault();
      reveal(box, event.target);
      return;
    }
    // A second click on "Pay" would only earn a refusal. Re-enabled when the page comes back from the browser's cache.
    const button = event.submitter;
    if (button && event.target.method === "post" && !event.defaultPrevented) {
      setTimeout(() => button.setAttribute("disabled", ""), 0);
      addEventListener("pageshow", () => button.removeAttribute("disabled"), { once: true });
    }
  });

  document.addEventListener("click", (event) => {
    const at = (selector) => event.target.closest(selector);
    let part;
    if ((part = at("[data-theme-switch]"))) {
      const next = root.getAttribute("data-bs-theme") === "dark" ? "light" : "dark";
      document.cookie = `theme=${next}; path=/; max-age=31536000; samesite=lax`;
      show();
      say(part.dataset[next] || "");
    } else if ((part = at("[data-copy], [data-copy-from]"))) {
      copy(part);
    } else if ((part = at("[data-secret-hide]"))) {
      hide(part.closest("[data-secret]"));
    } else if ((part = at("[data-dialog]"))) {
      document.getElementById(part.dataset.dialog).showModal();
    } else if ((part = at("[data-dialog-close]"))) {
      part.closest("dialog").close();
    } else if (event.target.matches("dialog")) {
      event.target.close();
    }
    for (const menu of document.querySelectorAll("details.tp-menu[open]")) if (!menu.contains(event.target)) menu.open = false;
  });

  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    for (const sheet of document.querySelectorAll(".tp-fold[open], .sf-sheet[open], .tp-more[open]")) {
      const summary = sheet.querySelector("summary");
      if (getComputedStyle(summary).position !== "fixed") continue; // in a wide window it is part of the page
      sheet.open = false;
      summary.focus();
    }
    for (const menu of document.querySelectorAll("details.tp-menu[open]")) {
      menu.open = false;
      menu.querySelector("summary").focus();
    }
  });

  // Through a list that a person works off: j and k go to the next and the last row, Enter opens it as any link. Only while the focus
  // is in it (WCAG 2.1.4): who dictates says letters by accident.
  document.addEventListener("keydown", (event) => {
    if (!/^[jk]$/.test(event.key) || event.ctrlKey || event.metaKey || event.altKey) return;
    if (!event.target.closest("[data-keys], #c-peek")) return;
    if (event.target.closest("input, textarea, select, dialog, [contenteditable]")) return;
    const links = [...document.querySelectorAll("[data-keys] tbody tr")].map((row) => row.querySelector("a")).filter(Boolean);
    if (!links.length) return;
    const at = links.findIndex((link) => link.closest("tr").contains(document.activeElement));
    const next = event.key === "j" ? Math.min(at + 1, links.length - 1) : Math.max(at - 1, 0);
    links[next].focus();
  });

  // Beside the page the navigation is always open, also in browsers that cannot style a closed one.
  const wide = matchMedia("(min-width: 62rem)");
  const roomy = matchMedia("(min-width: 40.01rem)"); // and above a list what narrows it
  const unfold = () => {
    for (const side of document.querySelectorAll(".tp-side > .tp-more")) side.open = wide.matches;
    for (const row of document.querySelectorAll(".tp-row > .tp-more")) row.open = roomy.matches;
    for (const fold of document.querySelectorAll(".tp-fold")) fold.open = roomy.matches;
  };
  document.addEventListener("DOMContentLoaded", unfold);
  for (const width of [wide, roomy]) width.addEventListener("change", unfold);

  // htmx drops answers with an error status; a refusal names the place where its reason belongs.
  document.addEventListener("htmx:beforeSwap", (event) => {
    if (event.detail.xhr.getResponseHeader("HX-Retarget")) event.detail.shouldSwap = true;
  });

  // A dialog whose form was refused comes back open, with what was typed and what is wrong.
  document.addEventListener("DOMContentLoaded", () => {
    const refused = document.querySelector("dialog[data-dialog-open]");
    if (refused) refused.showModal();
  });

  // A row of sections or tabs that is wider than a phone shows the one the reader is in.
  document.addEventListener("DOMContentLoaded", () => {
    for (const here of document.querySelectorAll(".tp-row [aria-current], .tp-tabs [aria-current]")) {
      const row = here.closest("ul, .tp-tabs");
      row.scrollLeft += here.getBoundingClientRect().left - row.getBoundingClientRect().left - (row.clientWidth - here.offsetWidth) / 2;
    }
  });

  // Enter sends a form by its first button. That may be a picker's search, which belongs to the picker's own field alone.
  document.addEventListener("keydown", (event) => {
    const field = event.target;
    if (event.key !== "Enter" || event.isComposing || !(field instanceof HTMLInputElement) || !field.form) return;
    const first = field.form.querySelector("[type=submit]");
    if (first?.name !== "search" || ["checkbox", "radio", "submit", "button"].includes(field.type)) return;
    const own = field.closest(".tp-picker-search")?.querySelector("[type=submit]");
    const wanted = own || field.form.querySelector("[type=submit]:not([name=search])");
    if (!wanted) return;
    event.preventDefault();
    field.form.requestSubmit(wanted);
  });

  // A navigation that is higher than the window does, too, in its column and in the sheet on a phone.
  const showEntry = () => {
    const here = document.querySelector(".tp-more .tp-nav [aria-current]");
    for (const list of here ? [here.closest(".tp-nav"), here.closest("nav")] : [])
      list.scrollTop += here.getBoundingClientRect().top - list.getBoundingClientRect().top - (list.clientHeight - here.offsetHeight) / 2;
  };
  document.addEventListener("DOMContentLoaded", showEntry);
  document.addEventListener("toggle", (event) => event.target.matches(".tp-more[open]") && showEntry(), true);

  // Groups of the navigation stay folded as their reader left them: a cookie names them, and the server renders them so.
  document.addEventListener("click", (event) => {
    const group = event.target.closest("[data-nav-group] > summary")?.parentElement;
    if (!group) return;
    const kept = (document.cookie.match(/(?:^|; )folded=([a-z.-]*)/) || [])[1] || "";
    const others = kept.split(".").filter((code) => code && code !== group.dataset.navGroup);
    const folded = group.open ? [...others, group.dataset.navGroup] : others; // the click comes before the change
    document.cookie = `folded=${folded.join(".")}; path=/; max-age=31536000; samesite=lax`;
  });

  // A table that is wider than its page is scrolled by keyboard too, in browsers that focus no scrolling part themselves.
  const reachScrolling = () => {
    for (const part of document.querySelectorAll(".table-responsive")) if (part.scrollWidth > part.clientWidth) part.tabIndex = 0;
  };
  document.addEventListener("DOMContentLoaded", reachScrolling);
  document.addEventListener("htmx:afterSettle", reachScrolling);
  document.addEventListener("toggle", reachScrolling, true);
  addEventListener("resize", reachScrolling);

  // After a form was sent, the focus is on its result: on what was refused, else on the heading.
  const isShown = (part) => part.checkVisibility() && (part.matches("input, select, textarea") || part.textContent.trim());
  const refusalIn = (part) => [...part.querySelectorAll("[role=alert], [aria-invalid=true], .is-invalid, .tp-error")].find(isShown);
  const focusOn = (part, options) => {
    if (!part) return;
    if (!part.matches("a[href], button, input, select, textarea, summary, [tabindex]")) part.setAttribute("tabindex", "-1");
    part.focus(options);
  };
  const SENT = "tp-sent";
  let isSent = false;
  document.addEventListener("submit", (event) => {
    isSent = event.target.method === "post" && !event.defaultPrevented;
  });
  document.addEventListener("click", (event) => {
    if (event.target.closest("a[href]")) isSent = false;
  });
  addEventListener("pagehide", () => isSent && sessionStorage.setItem(SENT, "1"));
  addEventListener("pageshow", () => (isSent = false));
  document.addEventListener("DOMContentLoaded", () => {
    if (!sessionStorage.getItem(SENT)) return;
    sessionStorage.removeItem(SENT);
    const part = document.querySelector("dialog[open]") || document.getElementById("main");
    const refusal = part && refusalIn(part);
    if (refusal) focusOn(refusal);
    else if (document.activeElement === document.body && !location.hash && !part?.querySelector("[autofocus]"))
      focusOn(part?.querySelector("h1"), { preventScroll: true });
  });
  // What htmx replaced may have held the focus: it goes to the heading of the new part. A refusal is an alert, and leaves it.
  let isFocusLost = false;
  document.addEventListener("htmx:beforeSwap", (event) => {
    isFocusLost = event.detail.target.contains(document.activeElement) && document.activeElement !== document.body;
  });
  document.addEventListener("htmx:afterSettle", (event) => {
    const part = event.target;
    if (isFocusLost && document.activeElement === document.body) focusOn(part.querySelector("h1, h2, h3") || part, { preventScroll: true });
    isFocusLost = false;
  });

  // A file that is too large, or of another type, need not be sent to be refused. Before htmx, which would send it.
  const refuseFile = (input, words) => {
    input.value = "";
    input.classList.add("is-invalid");
    input.setAttribute("aria-invalid", "true");
    const error = document.createElement("div");
    error.className = "tp-error";
    error.textContent = words;
    document.getElementById(`${input.id.replace(/_file$/, "")}_error`)?.replaceChildren(error);
  };
  document.addEventListener("change", (event) => {
    const input = event.target;
    const most = Number(input.dataset && input.dataset.mostBytes);
    if (!most || !input.files || !input.files[0]) return;
    const suffixes = input.accept.toLowerCase().split(",").filter((one) => one.startsWith("."));
    const name = input.files[0].name.toLowerCase();
    const isOther = suffixes.length && !suffixes.some((suffix) => name.endsWith(suffix));
    if (!isOther && input.files[0].size <= most) return;
    event.stopImmediatePropagation();
    refuseFile(input, isOther ? input.dataset.wrongType : input.dataset.tooLarge);
  }, true);

  // A file that is dropped beside or upon its input is chosen. Elsewhere a browser would leave the page to show the file.
  root.classList.add("tp-script");
  const dropZone = (event) => event.target.closest && event.target.closest("[data-drop]");
  const bringsFiles = (event) => [...(event.dataTransfer?.types || [])].includes("Files") && document.querySelector("[data-drop]");
  const markZone = (zone) => {
    for (const other of document.querySelectorAll("[data-drop].tp-over")) if (other !== zone) other.classList.remove("tp-over");
    if (zone) zone.classList.add("tp-over");
  };
  document.addEventListener("dragover", (event) => {
    if (!bringsFiles(event)) return;
    event.preventDefault();
    const zone = dropZone(event);
    event.dataTransfer.dropEffect = zone ? "copy" : "none";
    markZone(zone);
  });
  document.addEventListener("dragleave", (event) => {
    if (!event.relatedTarget) markZone(null);
  });
  document.addEventListener("drop", (event) => {
    if (!bringsFiles(event)) return;
    event.preventDefault();
    markZone(null);
    const zone = dropZone(event);
    const input = zone && zone.querySelector("input[type=file]");
    if (!input || input.matches(":disabled")) return;
    const isOne = event.dataTransfer.files.length === 1 || input.multiple;
    zone.querySelector("[data-one-file]").hidden = isOne;
    if (!isOne) return;
    input.files = event.dataTransfer.files;
    input.dispatchEvent(new Event("change", { bubbles: true }));
  });
  const zoneOf = (event) => event.detail.elt.closest && event.detail.elt.closest("[data-drop]");
  document.addEventListener("htmx:xhr:progress", (event) => {
    const bar = zoneOf(event)?.querySelector("progress");
    if (!bar || !event.detail.lengthComputable) return;
    bar.hidden = false;
    bar.value = (event.detail.loaded / event.detail.total) * 100;
  });
  for (const failure of ["htmx:sendError", "htmx:responseError"]) {
    document.addEventListener(failure, (event) => {
      const zone = zoneOf(event);
      if (!zone) return;
      zone.querySelector("progress").hidden = true;
      refuseFile(zone.querySelector("input[type=file]"), zone.querySelector("input[type=file]").dataset.notSent);
    });
  }

  // A part that followed some work has ended (web/polled.py): <main> is loaded again. What was typed and what was revealed stays,
  // the focus stays in the page, and the result is announced. Two polls may end at once and load it twice: every load keeps what
  // is there when it arrives.
  let kept = null;
  const endedPart = (event) => event.detail.requestConfig?.headers["Reloaded-For"];
  const controls = (main) => [...main.querySelectorAll("input:not([type=hidden], [type=file]), textarea, select")];
  const secrets = (main) => [...main.querySelectorAll("[data-secret]")].map((box) => [box.querySelector("form").action, box]);
  const nameOf = (control) =>
    control.id || `${control.form?.getAttribute("action")} ${control.name} ${/radio|checkbox/.test(control.type) ? control.value : ""}`;
  const stateOf = (control) =>
    control.matches("select") ? control.value : /radio|checkbox/.test(control.type) ? control.checked : control.value;
  const isTyped = (control) =>
    control.matches("select")
      ? [...control.options].some((option) => option.selected !== option.defaultSelected)
      : /radio|checkbox/.test(control.type)
        ? control.checked !== control.defaultChecked
        : control.value !== control.defaultValue;
  document.addEventListener("htmx:beforeSwap", (event) => {
    const main = event.detail.target;
    if (!endedPart(event) || main.id !== "main") return;
    kept = {
      typed: new Map(controls(main).filter(isTyped).map((control) => [nameOf(control), stateOf(control)])),
      secrets: new Map(
        secrets(main)
          .filter(([, box]) => box.querySelector("[data-secret-show]").hidden)
          .map(([action, box]) => [action, box.querySelector("code").textContent]),
      ),
      focused: main.contains(document.activeElement),
    };
  });
  document.addEventListener("htmx:responseError", (event) => {
    // The page was the answer to a form, or what it showed is gone: the page that it belongs to is one step up.
    const isLost = [404, 405].includes(event.detail.xhr.status);
    if (endedPart(event) && isLost) location.assign(new URL("..", location.href));
  });
  // Not after it has settled: that is a moment later, when the next load may have begun.
  document.addEventListener("htmx:afterSwap", (event) => {
    const main = event.target;
    if (!kept || main.id !== "main") return;
    for (const control of controls(main)) {
      if (!kept.typed.has(nameOf(control))) continue;
      const was = kept.typed.get(nameOf(control));
      if (typeof was === "boolean") control.checked = was;
      else control.value = was;
    }
    for (const [action, box] of secrets(main)) if (kept.secrets.has(action)) unveil(box, kept.secrets.get(action));
    if (kept.focused && !main.contains(document.activeElement)) main.focus({ preventScroll: true });
    const part = document.getElementById(endedPart(event));
    const news = part?.querySelector("[data-said]") || part?.querySelector("[aria-live]") || part || main.querySelector("h1");
    say(news ? news.textContent.replace(/\s+/g, " ").trim().slice(0, 200) : "");
    kept = null;
    unfold();
  });

  // Filters of lists apply when a choice changes; the button stays for those without script.
  document.addEventListener("change", (event) => {
    const form = event.target.closest("form[data-auto-submit]");
    if (form && event.target.matches("select")) form.requestSubmit();
  });
})();
