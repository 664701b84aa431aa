/* A file goes to the asset center in pieces, by tus-js-client: with progress, pause, and a way on after a closed tab. */
(() => {
  "use strict";
  const form = document.querySelector("form[data-upload]");
  if (!form || !window.tus) return;
  const at = (selector) => form.querySelector(selector);
  const words = (name, values = {}) =>
    (form.dataset[`words${name}`] || "").replace(/\{(\w+)\}/g, (whole, key) => values[key] ?? whole);
  const language = document.documentElement.lang;
  const size = (bytes) => {
    const units = ["byte", "kilobyte", "megabyte", "gigabyte"];
    let step = 0;
    while (bytes >= 1000 && step < units.length - 1) {
      bytes /= 1000;
      step += 1;
    }
    const digits = { maximumFractionDigits: step > 1 ? 1 : 0 };
    return new Intl.NumberFormat(language, { style: "unit", unit: units[step], unitDisplay: "short", ...digits }).format(bytes);
  };
  const percent = (part) => new Intl.NumberFormat(language, { style: "percent" }).format(Math.floor(part * 100) / 100);
  const span = (seconds) => {
    const [number, unit] = seconds < 90 ? [seconds, "second"] : seconds < 5400 ? [seconds / 60, "minute"] : [seconds / 3600, "hour"];
    return new Intl.NumberFormat(language, { style: "unit", unit, maximumFractionDigits: 0 }).format(Math.ceil(number));
  };

  const [send, pause, resume, giveUp] = ["send", "pause", "resume", "give-up"].map((name) => at(`[data-${name}]`));
  const [box, figures, said] = ["progress", "figures", "said"].map((name) => at(`[data-${name}]`));
  const bar = box.querySelector("progress");
  const file = at("#up-file");
  const fields = form.querySelectorAll("input, select, textarea");
  let upload = null;
  let running = false;
  let part = 0;

  const mark = (id, message) => {
    const field = at(`#${id}`);
    field.classList.toggle("is-invalid", Boolean(message));
    field.setAttribute("aria-invalid", String(Boolean(message)));
    at(`#${id}-error`).textContent = message;
    if (message) field.focus();
  };
  const show = (state) => {
    running = state === "running";
    send.hidden = state !== "idle";
    pause.hidden = state !== "running";
    resume.hidden = state !== "paused";
    giveUp.hidden = state !== "paused";
    box.hidden = state === "idle";
    for (const field of fields) field.disabled = state !== "idle";
  };
  const say = (message, bad = false) => {
    said.textContent = message;
    said.classList.toggle("text-danger", bad);
  };

  for (const radio of form.querySelectorAll("[name=what]")) {
    radio.addEventListener("change", () => {
      const update = at("#up-update").checked;
      at("[data-update]").hidden = !update;
      at("[data-add]").hidden = update;
    });
  }

  // How fast it goes, over the last seconds: an average since the beginning says little after a pause.
  let marks = [];
  const figure = (sent, whole) => {
    const now = performance.now();
    marks.push([now, sent]);
    marks = marks.filter(([when]) => now - when < 8000);
    part = sent / whole;
    bar.value = part * 100;
    const [[from, before]] = marks;
    const rate = now > from ? ((sent - before) / (now - from)) * 1000 : 0;
    figures.textContent = rate
      ? words("Progress", { percent: percent(part), rate: size(rate), left: span((whole - sent) / rate) })
      : percent(part);
  };

  // What the server says is for people, and stands where it belongs.
  const refused = (error) => {
    const answer = error.originalResponse;
    const status = answer ? answer.getStatus() : 0;
    const text = answer ? answer.getBody() : "";
    if (status === 403 && !/^[^<]{1,300}$/.test(text)) return say(words("Login"), true);
    if ([413, 422, 429, 507].includes(status) && /^[^<]{1,500}$/.test(text) && !upload.url) {
      show("idle");
      say("");
      return mark(answer.getHeader("Tradepost-Field") === "label" ? "up-label" : "up-file", text.trim());
    }
    if (status === 404 || status === 410) {
      upload.url = null;
      show("idle");
    } else show("paused");
    return say(/^[^<]{1,300}$/.test(text) && text ? text.trim() : words("Failed"), true);
  };

  const begin = async () => {
    const chosen = file.files[0];
    const about = { asset: form.dataset.asset, notes: at("#up-notes").value, filename: chosen.name };
    const updates = at("#up-update");
    if (updates && updates.checked) about.updates = at("#up-updates").value;
    else about.label = at("#up-label").value.trim();
    upload = new window.tus.Upload(chosen, {
      endpoint: form.dataset.upload,
      chunkSize: Number(form.dataset.chunk),
      retryDelays: [0, 1000, 3000, 5000, 10000, 20000, 30000],
      metadata: about,
      headers: { "X-CSRFToken": at("[name=csrfmiddlewaretoken]").value },
      removeFingerprintOnSuccess: true,
      fingerprint: (source) =>
        Promise.resolve(["tradepost", form.dataset.asset, source.name, source.size, source.lastModified].join("-")),
      onShouldRetry: (error) => {
        const status = error.originalResponse ? error.originalResponse.getStatus() : 0;
        const again = !status || status >= 500 || [408, 409, 423, 429].includes(status);
        if (again && status !== 429) say(words("Again"), true);
        return again && status !== 507 && status !== 429;
      },
      onProgress: (sent, whole) => figure(sent, whole),
      onChunkComplete: () => {
        if (said.classList.contains("text-danger")) say("");
      },
      onError: refused,
      onSuccess: () => {
        bar.value = 100;
        figures.textContent = percent(1);
        running = false;
        say(words("Done"));
        location.reload();
      },
    });
    const [before] = await upload.findPreviousUploads();
    if (before) {
      upload.resumeFromPreviousUpload(before);
      say(words("Resumed"));
    }
    marks = [];
    show("running");
    upload.start();
  };

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const chosen = file.files[0];
    const suffixes = form.dataset.suffixes.split(",");
    mark("up-label", "");
    mark("up-file", "");
    say("");
    if (!chosen || !suffixes.some((suffix) => chosen.name.toLowerCase().endsWith(suffix))) {
      return mark("up-file", words("Suffix", { suffixes: suffixes.join(", ") }));
    }
    if (chosen.size > Number(form.dataset.most)) return mark("up-file", words("Large"));
    return begin();
  });
  pause.addEventListener("click", async () => {
    await upload.abort();
    show("paused");
    say(words("Paused", { percent: percent(part) }));
    resume.focus();
  });
  resume.addEventListener("click", () => {
    marks = [];
    say("");
    show("running");
    upload.start();
    pause.focus();
  });
  giveUp.addEventListener("click", async () => {
    await upload.abort(true).catch(() => {});
    location.reload();
  });
  addEventListener("beforeunload", (event) => {
    if (running) {
      event.preventDefault();
      event.returnValue = words("Leave");
    }
  });
})();
