// The pages work without this; it ties note, findings and resources together, filters, and takes dropped files.
// Nothing here makes markup of text: only classes, attributes and states change.

/** Elements by the numbers one of their data attributes names. */
function byNumber(name) {
  const found = new Map();
  for (const element of document.querySelectorAll(`[data-${name}]`)) {
    for (const number of element.dataset[name].split(" ")) {
      if (!found.has(number)) found.set(number, []);
      found.get(number).push(element);
    }
  }
  return found;
}

/** Sets a class on some elements and takes it from those that had it. */
function marker(name) {
  let marked = [];
  return (elements) => {
    for (const element of marked) element.classList.remove(name);
    marked = elements;
    for (const element of marked) element.classList.add(name);
  };
}

/** Brings an element into view in its own pane, without moving the page where panes stand side by side. */
function reveal(element) {
  shift(element);
  requestAnimationFrame(() => shift(element)); // what comes into view takes its real height only then
}

function shift(element) {
  const pane = element.closest(".scroll, .wide");
  if (!pane) return;
  const outer = pane.getBoundingClientRect();
  const inner = element.getBoundingClientRect();
  if (inner.top >= outer.top && inner.bottom <= outer.bottom) return;
  pane.scrollTop += inner.top - outer.top - Math.max(8, (outer.height - inner.height) / 3);
}

function tied() {
  const findings = byNumber("f");
  const details = byNumber("d");
  const left = byNumber("l");
  const hot = marker("hot");
  const chosen = marker("chosen");
  const cue = marker("cue");
  const all = (index, numbers) => numbers.flatMap((number) => index.get(number) ?? []);
  const numbersOf = (element) => (element.dataset.f ?? "").split(" ").filter(Boolean);
  let current = null;

  function point(element) {
    const numbers = numbersOf(element);
    const out = (element.dataset.l ?? "").split(" ").filter(Boolean);
    hot([...all(findings, numbers), ...all(left, out)]);
  }

  function choose(element, from) {
    const numbers = numbersOf(element).slice(0, from === "note" ? 1 : undefined);
    if (!numbers.length) return;
    current = numbers[0];
    const elements = all(findings, numbers);
    chosen(elements);
    cue(all(details, numbers));
    const first = { note: null, findings: null, resources: null };
    for (const one of elements) {
      const pane = one.closest(".pane.note") ? "note" : one.closest("#findings") ? "findings" : "resources";
      first[pane] ??= one;
    }
    for (const [pane, one] of Object.entries(first)) {
      if (!one || pane === from) continue;
      if (pane === "findings" && from === "note") one.open = true;
      reveal(one);
    }
    history.replaceState(null, "", `#finding-${current}`);
  }

  const paneOf = (element) =>
    element.closest(".pane.note") ? "note" : element.closest("#findings") ? "findings" : "resources";
  const part = (target) => (target instanceof Element ? target.closest("[data-f], [data-l]") : null);

  document.addEventListener("pointerover", (event) => {
    const element = part(event.target);
    if (element) point(element);
    else hot([]);
  });
  document.addEventListener("focusin", (event) => {
    const element = part(event.target);
    if (element) point(element);
  });
  document.addEventListener("click", (event) => {
    const link = event.target instanceof Element ? event.target.closest("a[href^='#r']") : null;
    if (link) {
      const card = document.getElementById(link.getAttribute("href").slice(1));
      event.preventDefault();
      card.open = true;
      reveal(card);
      card.querySelector("summary").focus();
      return;
    }
    const element = part(event.target);
    if (!element) return;
    if (element.dataset.f !== undefined) choose(element, paneOf(element));
    else outOf(element);
  });

  function outOf(element) {
    const number = element.dataset.l.split(" ")[0];
    const others = (left.get(number) ?? []).filter((one) => one !== element);
    chosen(left.get(number) ?? []);
    for (const one of others.slice(0, 1)) {
      if (one.closest(".pane.note")) reveal(one);
      else one.scrollIntoView({ block: "center" });
    }
  }

  const named = /^#finding-(\d+)$/.exec(location.hash); // not an id, so that the page itself stays where it is
  const start = named && document.getElementById(`f${named[1]}`);
  if (start) {
    start.open = true;
    choose(start, "resources");
    reveal(start);
  }
}

/** Up, down, Home and End move among the rows of a list; Tab leaves it. */
function roving(list) {
  const rows = () => [...list.querySelectorAll(":scope > details:not([hidden]) > summary")];
  let current = null;
  function enter(summary) {
    if (current) current.tabIndex = -1;
    current = summary;
    if (current) current.tabIndex = 0;
  }
  for (const summary of rows()) summary.tabIndex = -1;
  enter(rows()[0] ?? null);
  list.addEventListener("focusin", (event) => {
    const summary = event.target.closest("summary");
    if (summary) enter(summary);
  });
  list.addEventListener("keydown", (event) => {
    if (event.target.tagName !== "SUMMARY") return;
    const all = rows();
    const at = all.indexOf(event.target);
    const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: all.length - 1 }[event.key];
    if (to === undefined || !all[to]) return;
    event.preventDefault();
    all[to].focus();
  });
  return () => {
    if (!current || current.parentElement.hidden) enter(rows()[0] ?? null);
  };
}

function filtered(settle) {
  const find = document.getElementById("find");
  const shown = document.getElementById("shown");
  const chips = [...document.querySelectorAll("button[data-kind]")];
  const rows = [...document.querySelectorAll("#findings > details")];
  const cards = [...document.querySelectorAll("#resources > details[data-f]")];
  const pieces = [...document.querySelectorAll(".s.f")];
  const words = rows.map((row) => row.querySelector("summary").textContent.toLowerCase());

  function apply() {
    const wanted = new Set(chips.filter((chip) => chip.ariaPressed === "true").map((chip) => chip.dataset.kind));
    const text = find.value.trim().toLowerCase();
    const visible = new Set();
    rows.forEach((row, index) => {
      const kind = [...row.classList].find((name) => name.startsWith("k-")).slice(2);
      row.hidden = !wanted.has(kind) || !words[index].includes(text);
      if (!row.hidden) visible.add(row.dataset.f);
    });
    const any = (element) => element.dataset.f.split(" ").some((number) => visible.has(number));
    for (const card of cards) card.hidden = !any(card);
    for (const piece of pieces) piece.classList.toggle("off", !any(piece));
    shown.textContent = visible.size === rows.length ? "" : `${visible.size} of ${rows.length} shown`;
    settle();
  }
  for (const chip of chips) {
    chip.addEventListener("click", () => {
      chip.ariaPressed = chip.ariaPressed === "true" ? "false" : "true";
      apply();
    });
  }
  find.addEventListener("input", apply);
}

function asked(form) {
  const text = form.querySelector("textarea");
  const told = form.querySelector("output");
  const button = form.querySelector("button.main");
  text.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) form.requestSubmit();
  });
  form.addEventListener("submit", () => {
    button.ariaBusy = "true";
    told.textContent = "Reading the note…";
  });
  window.addEventListener("pageshow", () => {
    button.ariaBusy = "false";
    told.textContent = "";
  });
  text.addEventListener("dragover", (event) => {
    event.preventDefault();
    text.classList.add("over");
  });
  text.addEventListener("dragleave", () => text.classList.remove("over"));
  text.addEventListener("drop", async (event) => {
    text.classList.remove("over");
    const file = event.dataTransfer.files[0];
    if (!file) return;
    event.preventDefault();
    text.value = WRAPPED.test(file.name) ? wrapped(file.name, await bytes(file)) : await file.text();
    told.textContent = `${file.size} bytes read`;
  });
}

const WRAPPED = /\.(pdf|rtf|html?|xml)$/i;
const TYPES = { pdf: "application/pdf", rtf: "application/rtf", html: "text/html", htm: "text/html", xml: "application/xml" };

async function bytes(file) {
  return new Uint8Array(await file.arrayBuffer());
}

/** A DocumentReference around a file that is no plain text. */
function wrapped(name, data) {
  let binary = "";
  for (let at = 0; at < data.length; at += 0x8000) binary += String.fromCharCode(...data.subarray(at, at + 0x8000));
  const attachment = { contentType: TYPES[name.split(".").pop().toLowerCase()], data: btoa(binary) };
  const subject = { reference: "Patient/tried" };
  const document = { resourceType: "DocumentReference", status: "current", subject, content: [{ attachment }] };
  return JSON.stringify(document, null, 2);
}

const form = document.getElementById("note-form");
if (form) asked(form);
const findings = document.getElementById("findings");
if (findings) {
  const lists = [findings, document.getElementById("resources")].map(roving);
  filtered(() => lists.forEach((settle) => settle()));
  tied();
}
