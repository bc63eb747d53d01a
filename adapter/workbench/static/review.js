// The page Review works without this; it ties note and findings together, fills in what is selected, and takes keys.
// Nothing here makes markup of text: only classes, values and states change.

const cases = document.getElementById("cases");
const rows = [...cases.querySelectorAll(":scope > details")];
const spans = [...document.querySelectorAll(".text [data-f]")];

/** The code point of a note at which a place of the document stands; null where it is in no note. */
function offset(text, node, at) {
  const range = document.createRange();
  range.selectNodeContents(text);
  range.setEnd(node, at);
  return [...range.toString()].length;
}

function marked(number) {
  for (const span of spans) span.classList.toggle("chosen", span.dataset.f.split(" ").includes(number));
  return spans.find((span) => span.classList.contains("chosen"));
}

function within(element) {
  const pane = element.closest(".scroll");
  const outer = pane.getBoundingClientRect();
  const inner = element.getBoundingClientRect();
  if (inner.top < outer.top || inner.bottom > outer.bottom) pane.scrollTop += inner.top - outer.top - outer.height / 3;
}

function opened(row) {
  for (const one of rows) if (one !== row) one.open = false;
  row.open = true;
  const span = marked(row.dataset.f);
  if (span) within(span);
}

document.addEventListener("click", (event) => {
  const span = event.target instanceof Element ? event.target.closest(".text [data-f]") : null;
  if (!span || !getSelection().isCollapsed) return;
  const row = document.getElementById(`f${span.dataset.f.split(" ")[0]}`).parentElement;
  opened(row);
  within(row);
  row.querySelector("summary").focus();
});
cases.addEventListener("focusin", (event) => {
  const row = event.target.closest("details");
  if (row) marked(row.dataset.f);
});

/** On a finding: up and down go to others, "a" accepts it, "r" rejects it. */
cases.addEventListener("keydown", (event) => {
  if (event.target.tagName !== "SUMMARY" || event.ctrlKey || event.metaKey || event.altKey) return;
  const at = rows.indexOf(event.target.parentElement);
  const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: rows.length - 1 }[event.key];
  const action = { a: "accept", r: "reject" }[event.key];
  if (to !== undefined && rows[to]) rows[to].querySelector("summary").focus();
  else if (action) rows[at].querySelector(`button[value="${action}"]`).click();
  else return;
  event.preventDefault();
});

const start = rows.find((row) => row.open) ?? null;
if (start) {
  opened(start);
  within(start);
  if (!location.hash) start.querySelector("summary").focus({ preventScroll: true });
}

const form = document.getElementById("add");
const missed = document.getElementById("missed");
const told = document.getElementById("selected");
document.addEventListener("selectionchange", () => {
  const chosen = getSelection();
  if (chosen.isCollapsed || !chosen.rangeCount) return;
  const range = chosen.getRangeAt(0);
  const from = range.startContainer.parentElement?.closest(".text");
  const words = range.toString();
  if (!from || from !== range.endContainer.parentElement?.closest(".text") || !words.trim()) return;
  missed.open = true;
  form.elements.words.value = words;
  form.elements.start.value = offset(from, range.startContainer, range.startOffset);
  if (form.elements.note) form.elements.note.value = from.dataset.note;
  told.textContent = `${[...words].length} characters selected`;
});
form.elements.words.addEventListener("input", () => {
  form.elements.start.value = "";
  told.textContent = "";
});
