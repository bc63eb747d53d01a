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
  const facts = byNumber("a");
  const hot = marker("hot");
  const chosen = marker("chosen");
  const cue = marker("cue");
  const all = (index, numbers) => numbers.flatMap((number) => index.get(number) ?? []);
  const numbersOf = (element) => (element.dataset.f ?? "").split(" ").filter(Boolean);
  let current = null;

  function point(element) {
    const numbers = numbersOf(element);
    const out = (element.dataset.l ?? "").split(" ").filter(Boolean);
    const said = (element.dataset.a ?? "").split(" ").filter(Boolean);
    hot([...all(findings, numbers), ...all(left, out), ...all(facts, said)]);
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
    const link = document.getElementById("link");
    if (link) link.hash = `finding-${current}`;
    const form = document.getElementById("note-form");
    if (form) form.action = `${form.action.split("#")[0]}#finding-${current}`;
  }

  function open(row) {
    if (!row) return;
    row.open = true;
    choose(row, "resources");
    reveal(row);
    row.querySelector("summary").focus();
  }

  const paneOf = (element) =>
    element.closest(".pane.note") ? "note" : element.closest("#findings") ? "findings" : "resources";
  const part = (target) => (target instanceof Element ? target.closest("[data-f], [data-l], [data-a]") : null);

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
    const to = event.target instanceof Element ? event.target.closest("a[data-to]") : null;
    if (to) {
      event.preventDefault();
      open(document.getElementById(`f${to.dataset.to}`));
      return;
    }
    const element = part(event.target);
    if (!element) return;
    if (element.dataset.f !== undefined) choose(element, paneOf(element));
    else if (element.dataset.l !== undefined) outOf(element, left, element.dataset.l);
    else outOf(element, facts, element.dataset.a);
  });

  function outOf(element, index, numbers) {
    const number = numbers.split(" ")[0];
    const others = (index.get(number) ?? []).filter((one) => one !== element);
    chosen(index.get(number) ?? []);
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
  const file = form.elements.file;
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
  for (const name of ["dragover", "dragleave", "drop"]) {
    form.addEventListener(name, (event) => {
      if (![...event.dataTransfer.types].includes("Files")) return;
      event.preventDefault();
      text.classList.toggle("over", name === "dragover");
      if (name === "drop") taken(event.dataTransfer.files);
    });
  }
  file.addEventListener("change", () => taken(file.files));

  /** A text goes where it can be read and changed; any other file is sent as it is. */
  async function taken(files) {
    if (!files.length) return told.replaceChildren();
    const [first] = files;
    const plain = PLAIN.test(first.name) && first.size <= READABLE;
    if (plain) text.value = await first.text();
    else if (file.files !== files) file.files = files;
    if (plain) file.value = "";
    else text.value = "";
    told.textContent = plain ? `${first.name}: ${first.size} bytes, as text` : `${first.name}: ${first.size} bytes`;
  }
  choices(form);
}

const PLAIN = /\.(txt|json)$/i;
const READABLE = 1 << 20; // bytes; more is sent as a file, without being shown

/** What is chosen for a note is chosen for the examples too; a task is asked of language models alone. */
function choices(form) {
  const other = document.getElementById("example-form");
  const engine = form.elements.engine;
  const task = form.elements.task;
  const usual = { engine: engine?.options[0].value, pack: "base" };
  function settle() {
    if (task && engine) task.disabled = !engine.dataset.models.split(" ").includes(engine.value);
    for (const name of ["fhir", "engine", "task", "pack"]) {
      const chosen = form.elements[name];
      let kept = other.elements[name];
      if (!chosen) continue;
      if (!kept) {
        kept = document.createElement("input");
        kept.type = "hidden";
        kept.name = name;
        other.append(kept);
      }
      kept.value = chosen.value;
      kept.disabled = chosen.disabled || chosen.value === usual[name];
    }
  }
  form.addEventListener("change", settle);
  window.addEventListener("pageshow", settle);
  settle();
}

const form = document.getElementById("note-form");
if (form) asked(form);
const findings = document.getElementById("findings");
if (findings) {
  const lists = [findings, document.getElementById("resources")].map(roving);
  filtered(() => lists.forEach((settle) => settle()));
  tied();
}
