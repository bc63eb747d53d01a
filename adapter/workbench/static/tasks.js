// The page works without this. It keeps what stands beside the form up to date, changes the form in its place,
// and takes dropped files. What the server drew is put in place as it is; no text becomes markup here.

/** The page that a form gets for an answer, as a document that runs nothing. */
function answered(form, press) {
  return new Promise((resolve, reject) => {
    const body = new URLSearchParams(new FormData(form));
    body.set("do", press);
    const request = new XMLHttpRequest();
    request.responseType = "document";
    request.open("POST", form.getAttribute("action"));
    request.setRequestHeader("Content-Type", "application/x-www-form-urlencoded");
    request.addEventListener("load", () => {
      const page = request.response;
      if (page && page.getElementById("draft")) resolve(page);
      else reject(new Error(String(request.status)));
    });
    request.addEventListener("error", () => reject(new Error("not reached")));
    request.send(body.toString());
  });
}

/** Puts a part of another page in the place of the same part here; what was open stays open. */
function put(id, page) {
  const here = document.getElementById(id);
  const there = page.getElementById(id);
  if (!here || !there) return;
  const open = new Map([...here.querySelectorAll("details[data-keep]")].map((one) => [one.dataset.keep, one.open]));
  const tops = new Map([...here.querySelectorAll("details[data-keep] pre")].map((one, at) => [at, one.scrollTop]));
  const part = document.adoptNode(there);
  for (const one of part.querySelectorAll("details[data-keep]")) one.open = open.get(one.dataset.keep) ?? one.open;
  const top = here.scrollTop;
  here.replaceWith(part);
  part.scrollTop = top;
  [...part.querySelectorAll("details[data-keep] pre")].forEach((one, at) => (one.scrollTop = tops.get(at) ?? 0));
}

/** What is wrong with each field, beside it. */
function told(page) {
  for (const list of document.querySelectorAll("[data-wrong]")) {
    const fresh = page.querySelector(`[data-wrong="${CSS.escape(list.dataset.wrong)}"]`);
    if (fresh) list.replaceChildren(...[...fresh.children].map((one) => document.adoptNode(one)));
  }
}

function focused(id) {
  const place = id && document.getElementById(id);
  if (!place) return;
  const first = place.matches("input, [tabindex]") ? place : place.querySelector("input:not([type=hidden]), textarea, select, button");
  if (first) first.focus();
  place.scrollIntoView({ block: "nearest" });
}

const CHANGES = new Set(["show", "add", "remove", "up", "down", "shot", "unshot", "item", "unitem", "take"]);

function living(form) {
  let count = 0;
  let timer = 0;

  async function refresh() {
    const mine = ++count;
    try {
      const page = await answered(form, "show");
      if (mine !== count) return;
      told(page);
      put("beside", page);
    } catch {
      // the next change, or the button Check, asks again
    }
  }

  async function change(press) {
    const mine = ++count;
    clearTimeout(timer);
    try {
      const page = await answered(form, press);
      if (mine !== count) return;
      const focus = page.getElementById("draft").dataset.focus;
      for (const id of ["fields", "shown", "beside"]) put(id, page);
      focused(focus);
    } catch {
      form.noValidate = true;
      const button = document.createElement("input");
      button.type = "hidden";
      button.name = "do";
      button.value = press;
      form.append(button);
      form.submit();
    }
  }

  form.addEventListener("input", (event) => {
    if (event.target.closest("#try")) return;
    clearTimeout(timer);
    timer = setTimeout(refresh, 350);
  });
  form.addEventListener("change", (event) => {
    if (!event.target.matches("[data-shapes], [name$=':finding']")) return;
    const name = event.target.name;
    change("show").then(() => form.elements.namedItem(name)?.focus());
  });
  form.addEventListener("submit", (event) => {
    const press = event.submitter?.value ?? "show";
    if (CHANGES.has(press.split(":")[0])) {
      event.preventDefault();
      change(press);
    } else if (press === "run") {
      event.submitter.ariaBusy = "true";
      document.getElementById("running").textContent = "Reading the note…";
    }
  });
  window.addEventListener("pageshow", () => {
    for (const button of form.querySelectorAll("[aria-busy]")) button.ariaBusy = "false";
    const running = document.getElementById("running");
    if (running) running.textContent = "";
  });
}

/** A dropped file's text in a field, and its name where the field says so. */
function dropping(text) {
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
    text.value = await file.text();
    const name = text.dataset.drop && document.getElementById(text.dataset.drop);
    if (name && !name.value) name.value = file.name.replace(/\.[^.]*$/, "");
  });
}

for (const text of document.querySelectorAll("[data-drop]")) dropping(text);
const form = document.getElementById("draft");
if (form) {
  living(form);
  focused(location.hash ? "" : form.dataset.focus);
}
