/* Texts with headings, lists and links: an editor over each HTML input. The textarea stays the value that the form sends. */
(() => {
  "use strict";
  const BLOCKS = "p, div, h1, h2, h3, h4, pre";
  const KEPT = { a: ["href", "title"], td: ["colspan", "rowspan"], th: ["colspan", "rowspan", "scope"] };
  const DROPPED = "script, style, head, title, meta, link, template, iframe, object, embed, noscript, svg, math, img, video, audio";
  const SPELLED = { strike: "s", h5: "h4", h6: "h4", section: "div", article: "div", header: "div", footer: "div", main: "div", center: "div" };
  const isWeb = (address) => /^https?:\/\//i.test(address);

  // What the server would show of a text (catalog/rich_text.py), and nothing else. Word and web pages paste much more.
  const cleaner = (tags) => {
    const copy = (from, into) => {
      for (const node of from.childNodes) {
        if (node.nodeType === Node.TEXT_NODE) into.append(node.data);
        if (node.nodeType !== Node.ELEMENT_NODE || node.matches(DROPPED)) continue;
        const style = node.getAttribute("style") || "";
        if (/mso-list:\s*ignore|display:\s*none/i.test(style)) continue; // the bullet that Word draws itself
        const name = SPELLED[node.localName] || node.localName;
        if (name === "p" && /mso-list:/i.test(style)) {
          copy(node, item(node, into));
          continue;
        }
        const isPlain = /font-weight:\s*(normal|400)/i.test(style) && name === "b"; // Google Docs wraps everything in one
        const isTwice = /^(b|i|u|s|strong|em)$/.test(name) && into.closest?.(name);
        if (!tags.has(name) || name === "span" || isTwice || isPlain || (name === "a" && !isWeb(node.getAttribute("href") || ""))) {
          copy(node, styled(style, into));
          continue;
        }
        const element = document.createElement(name);
        for (const attribute of KEPT[name] || []) {
          if (node.hasAttribute(attribute)) element.setAttribute(attribute, node.getAttribute(attribute));
        }
        if (name === "a") element.setAttribute("rel", "noopener noreferrer");
        into.append(element);
        copy(node, element);
      }
    };
    const styled = (style, into) => {
      let place = into;
      for (const [name, is] of [["b", /font-weight:\s*(bold|[6-9]00)/i], ["i", /font-style:\s*italic/i]]) {
        if (!is.test(style) || place.closest?.(name)) continue;
        const element = document.createElement(name);
        place.append(element);
        place = element;
      }
      return place;
    };
    const item = (node, into) => {
      const marker = [...node.querySelectorAll("span")].find((one) => /mso-list:\s*ignore/i.test(one.getAttribute("style") || ""));
      const name = marker && /[0-9a-z][.)]/i.test(marker.textContent) ? "ol" : "ul";
      const before = into.lastElementChild;
      const list = before && before.localName === name && before.dataset.pasted ? before : document.createElement(name);
      list.dataset.pasted = "1";
      if (list !== before) into.append(list);
      const element = document.createElement("li");
      list.append(element);
      return element;
    };
    return (html) => {
      const fragment = document.createDocumentFragment();
      copy(new DOMParser().parseFromString(html, "text/html").body, fragment);
      for (const list of fragment.querySelectorAll("[data-pasted]")) list.removeAttribute("data-pasted");
      return fragment;
    };
  };

  const written = (fragment) => {
    const box = document.createElement("div");
    box.append(fragment);
    for (const element of box.querySelectorAll("br:only-child")) {
      if (element.parentElement.matches("p, div")) element.parentElement.remove();
    }
    return box.textContent.trim() || box.querySelector("hr, table") ? box.innerHTML.trim() : "";
  };

  const enhance = (box) => {
    const source = box.querySelector("textarea");
    if (source.matches(":disabled")) return;
    const toolbar = box.querySelector("[role=toolbar]");
    const surface = box.querySelector("[data-surface]");
    const linkRow = box.querySelector("[data-link-row]");
    const address = linkRow.querySelector("input");
    const buttons = [...toolbar.querySelectorAll("button")];
    const button = (act) => toolbar.querySelector(`[data-rich-act="${act}"]`);
    const clean = cleaner(new Set(box.dataset.rich.split(" ")));
    const label = document.querySelector(`label[for="${CSS.escape(source.id)}"]`);
    const editor = new window.Squire(surface, { blockTag: "P", addLinks: false, sanitizeToDOMFragment: clean });
    editor.setKeyHandler("Tab", null);
    editor.setKeyHandler("Shift-Tab", null); // Tab leaves the editor, as it leaves every other input
    // Also under Caps Lock, where Squire leaves Ctrl+B to the browser.
    surface.addEventListener("keydown", (event) => {
      const act = { b: "bold", i: "italic" }[event.key.toLowerCase()];
      if (!act || !(event.ctrlKey || event.metaKey) || event.altKey || event.shiftKey) return;
      event.preventDefault();
      event.stopImmediatePropagation();
      acts[act]();
      mark();
      put();
    }, true);
    label.id ||= `${source.id}-label`;
    surface.setAttribute("aria-labelledby", label.id);
    surface.setAttribute("aria-describedby", source.getAttribute("aria-describedby"));
    if (source.lang) surface.lang = source.lang;
    label.addEventListener("click", () => !surface.hidden && editor.focus());

    let last = ""; // what was loaded or written last: a text that is only looked at is not rewritten
    const load = () => {
      editor.setHTML(source.value);
      last = written(clean(editor.getHTML()));
    };
    const put = () => {
      const html = written(clean(editor.getHTML()));
      if (html === last) return;
      last = html;
      source.value = html;
      source.dispatchEvent(new Event("input", { bubbles: true }));
    };
    const block = () => editor.getSelection().startContainer;
    const within = (selector) => {
      const node = block();
      const element = node.nodeType === Node.ELEMENT_NODE ? node : node.parentElement;
      const found = element && element.closest(selector);
      return found && surface.contains(found) ? found : null;
    };
    const turnInto = (name) => {
      while (within("li")) {
        const before = editor.getHTML();
        editor.removeList(); // an item of a list is no heading
        if (editor.getHTML() === before) break;
      }
      editor.modifyBlocks((fragment) => {
        for (const element of fragment.querySelectorAll(BLOCKS)) {
          if (element.querySelector(BLOCKS) || element.closest("li, td, th")) continue;
          const other = document.createElement(name);
          other.append(...element.childNodes);
          element.replaceWith(other);
        }
        return fragment;
      });
    };
    const toggle = (tag) => (editor.hasFormat(tag) ? editor.changeFormat(null, { tag }) : editor.changeFormat({ tag }));
    const shown = {
      bold: () => editor.hasFormat("B") || editor.hasFormat("STRONG"),
      italic: () => editor.hasFormat("I") || editor.hasFormat("EM"),
      heading: () => within("h3"),
      subheading: () => within("h4"),
      bullets: () => within("ul"),
      numbers: () => within("ol"),
      link: () => within("a"),
    };
    const acts = {
      bold: () => (editor.hasFormat("STRONG") ? toggle("STRONG") : toggle("B")),
      italic: () => (editor.hasFormat("EM") ? toggle("EM") : toggle("I")),
      heading: () => turnInto(within("h3") ? "p" : "h3"),
      subheading: () => turnInto(within("h4") ? "p" : "h4"),
      bullets: () => (within("ul") ? editor.removeList() : editor.makeUnorderedList()),
      numbers: () => (within("ol") ? editor.removeList() : editor.makeOrderedList()),
      undo: () => editor.undo(),
      redo: () => editor.redo(),
      link: () => {
        linkRow.hidden = !linkRow.hidden;
        address.value = within("a")?.getAttribute("href") || "https://";
        if (!linkRow.hidden) address.select();
      },
      source: () => show(!surface.hidden),
    };
    const mark = () => {
      for (const [name, is] of Object.entries(shown)) button(name).setAttribute("aria-pressed", String(Boolean(is())));
    };
    const show = (asSource) => {
      if (!asSource) load();
      surface.hidden = asSource;
      source.hidden = !asSource;
      linkRow.hidden = true;
      button("source").setAttribute("aria-pressed", String(asSource));
      for (const one of buttons) one.disabled = asSource && one.dataset.richAct !== "source";
    };

    toolbar.addEventListener("click", (event) => {
      const pressed = event.target.closest("[data-rich-act]");
      if (!pressed) return;
      const act = pressed.dataset.richAct;
      acts[act]();
      if (act === "source") return;
      if (act !== "link") editor.focus();
      mark();
      put();
    });
    toolbar.addEventListener("mousedown", (event) => event.preventDefault()); // the selection stays
    toolbar.addEventListener("keydown", (event) => {
      const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
      if (!step) return;
      event.preventDefault();
      const open = buttons.filter((one) => !one.disabled);
      const next = open[(open.indexOf(document.activeElement) + step + open.length) % open.length];
      for (const one of buttons) one.tabIndex = one === next ? 0 : -1;
      next.focus();
    });
    const link = (url) => {
      linkRow.hidden = true;
      editor.focus();
      if (url === "") editor.removeLink();
      else editor.makeLink(url);
      mark();
      put();
    };
    linkRow.addEventListener("click", (event) => {
      if (event.target.closest("[data-link-remove]")) link("");
      if (event.target.closest("[data-link-set]")) apply();
    });
    const apply = () => {
      const url = address.value.trim();
      const isRight = isWeb(url) && URL.canParse(url) && url.length > 8;
      address.classList.toggle("is-invalid", !isRight);
      linkRow.querySelector("[data-link-error]").hidden = isRight;
      if (isRight) link(url);
    };
    address.addEventListener("keydown", (event) => {
      if (event.key === "Enter") {
        event.preventDefault(); // it is not the form that is sent
        apply();
      }
      if (event.key === "Escape") {
        linkRow.hidden = true;
        editor.focus();
      }
    });
    editor.addEventListener("input", put);
    editor.addEventListener("pathChange", mark);
    editor.addEventListener("select", mark);

    for (const [number, one] of buttons.entries()) one.tabIndex = number ? -1 : 0;
    toolbar.hidden = false;
    show(false);
    if (location.hash === `#${source.id}`) {
      surface.scrollIntoView({ block: "center" });
      editor.focus();
    }
    document.addEventListener("click", (event) => {
      const to = event.target.closest("a[href]");
      if (to && to.hash === `#${source.id}` && to.pathname === location.pathname && !surface.hidden) editor.focus();
    });
  };

  if (window.Squire) for (const box of document.querySelectorAll("[data-rich]")) enhance(box);
})();
