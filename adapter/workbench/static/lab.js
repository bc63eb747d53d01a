// The pages work without this. It says what is wrong while somebody types, and presses "Go on" until a run is done.
// Every word is set as text; no text becomes markup here.

function element(name, words, className) {
  const made = document.createElement(name);
  if (words !== undefined) made.textContent = words;
  if (className) made.className = className;
  return made;
}

/** What is wrong, as the server draws it. */
function drawn(answer, go) {
  if (!answer.count) return [element("p", "Nothing is wrong: the line can open with it.", "sound")];
  const head = element("p");
  head.append(element("b", `${answer.count} ${answer.count === 1 ? "thing is" : "things are"} wrong.`, "bad"));
  const list = element("ul", undefined, "faults");
  for (const one of answer.faults) {
    const row = element("li");
    if (one.line) row.append(jump(one.line, go), " ");
    if (one.key) row.append(element("code", one.key), " ");
    row.append(one.message);
    list.append(row);
  }
  return answer.count > answer.faults.length ? [head, list, element("p", `and ${answer.count - answer.faults.length} more`, "how")] : [head, list];
}

/** A button that goes to a line. */
function jump(line, go) {
  const button = element("button", `line ${line}`, "at");
  button.type = "button";
  button.addEventListener("click", () => go(line));
  return button;
}

function editing(form) {
  const field = form.elements.namedItem("rules");
  const faults = document.getElementById("faults");
  const place = document.getElementById("place");
  let timer = 0;
  let count = 0;
  let saved = field.value;

  function go(line) {
    const rows = field.value.split("\n");
    const start = rows.slice(0, line - 1).join("\n").length + (line > 1 ? 1 : 0);
    field.focus();
    field.setSelectionRange(start, start + (rows[line - 1] ?? "").length);
    const height = parseFloat(getComputedStyle(field).lineHeight);
    field.scrollTop = Math.max(0, (line - 4) * height);
    field.scrollLeft = 0;
    where();
  }

  function where() {
    const before = field.value.slice(0, field.selectionStart);
    place.textContent = `line ${before.split("\n").length}${field.value === saved ? "" : ", not saved"}`;
  }

  async function check() {
    const mine = ++count;
    const body = new URLSearchParams({ draft: form.dataset.draft, name: form.dataset.name, rules: field.value });
    try {
      const answer = await fetch(form.dataset.check, { method: "POST", body, headers: { Accept: "application/json" } });
      if (!answer.ok || mine !== count) return;
      const found = await answer.json();
      if (mine === count) faults.replaceChildren(...drawn(found, go));
    } catch {
      // the next change, or Save, asks again
    }
  }

  for (const row of faults.querySelectorAll("li[data-line]")) {
    const line = Number(row.dataset.line);
    row.querySelector(".at")?.replaceWith(jump(line, go));
  }
  field.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(check, 400);
    where();
  });
  for (const name of ["keyup", "click", "focus"]) field.addEventListener(name, where);
  form.addEventListener("submit", () => (saved = field.value));
  addEventListener("beforeunload", (event) => {
    if (field.value !== saved) event.preventDefault();
  });
  if (location.hash.startsWith("#line-")) go(Number(location.hash.slice(6)) || 1);
}

/** The page that a form gets for an answer, as a document that runs nothing. */
function answered(form) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.responseType = "document";
    request.open("POST", form.getAttribute("action"));
    request.setRequestHeader("Content-Type", "application/x-www-form-urlencoded");
    request.addEventListener("load", () => (request.response?.getElementById("run") ? resolve(request.response) : reject(new Error(String(request.status)))));
    request.addEventListener("error", () => reject(new Error("not reached")));
    const body = new URLSearchParams(new FormData(form));
    body.set("do", "on");
    body.set("quick", "yes"); // a short step, so that progress is seen
    request.send(body.toString());
  });
}

async function going() {
  for (;;) {
    const form = document.getElementById("run");
    if (!form?.dataset.going) return;
    const page = await answered(form);
    for (const id of ["trying", "cover"]) {
      const there = page.getElementById(id);
      if (there) document.getElementById(id)?.replaceWith(document.adoptNode(there));
    }
  }
}

const edited = document.getElementById("edit");
if (edited) editing(edited);
going().catch(() => {}); // "Go on" is still there to be pressed
