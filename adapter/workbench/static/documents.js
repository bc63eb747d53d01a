// Keeps what is shown up to date while the page is in view. It asks whether anything changed; only then it loads
// the part that shows it, and changes what differs in place: focus, open parts and scrolling stay where they are.

const EVERY = 3000; // milliseconds between two questions
const SLOWEST = 60000; // where nothing answers

const live = document.getElementById("live");

function key(node) {
  return node instanceof Element ? (node.dataset.key ?? (node.id || null)) : null;
}

/** Makes the children of one element those of another, keeping what is the same. */
function sync(old, fresh) {
  const keyed = new Map([...old.children].filter(key).map((child) => [key(child), child]));
  let at = old.firstChild;
  for (const wanted of [...fresh.childNodes]) {
    const named = key(wanted);
    let found = named ? keyed.get(named) : at;
    if (!found || found.nodeName !== wanted.nodeName || key(found) !== named) found = null;
    if (!found) {
      old.insertBefore(document.importNode(wanted, true), at);
      continue;
    }
    if (found === at) at = at.nextSibling;
    else old.insertBefore(found, at);
    alike(found, wanted);
  }
  while (at) {
    const gone = at;
    at = at.nextSibling;
    gone.remove();
  }
}

function alike(old, fresh) {
  if (old.isEqualNode(fresh)) return;
  if (!(old instanceof Element)) {
    old.nodeValue = fresh.nodeValue;
    return;
  }
  for (const { name, value } of fresh.attributes) if (old.getAttribute(name) !== value) old.setAttribute(name, value);
  for (const { name } of [...old.attributes]) {
    if (!fresh.hasAttribute(name) && !(name === "open" && old.nodeName === "DETAILS")) old.removeAttribute(name);
  }
  sync(old, fresh);
}

/** The answer, parsed by the browser into a document of its own; null where there is none. */
function loaded(method, address, body) {
  return new Promise((done) => {
    const request = new XMLHttpRequest();
    request.open(method, address);
    request.responseType = "document";
    if (body) request.setRequestHeader("Content-Type", "application/x-www-form-urlencoded");
    request.onloadend = () => done(request.status === 200 ? request.response : null);
    request.send(body);
  });
}

function watched() {
  const told = document.getElementById("live-told");
  const pause = document.getElementById("live-pause");
  const newer = document.getElementById("live-newer");
  const newest = live.dataset.newest;
  let wait = EVERY;
  let timer = null;
  let busy = false;

  function shown() {
    const rows = [...live.querySelectorAll("tr[data-key]")].map((row) => ["row", row.dataset.key]);
    return new URLSearchParams([...rows, ["newest", newest ?? ""]]).toString();
  }

  async function asked() {
    const body = shown();
    const headers = { "Content-Type": "application/x-www-form-urlencoded" };
    const answer = await fetch(live.dataset.now, { method: "POST", body, headers, cache: "no-store" });
    if (!answer.ok) throw new Error("not answered");
    const now = await answer.json();
    if (now.newer && newer) {
      const text = `${now.newer} new: show`;
      if (newer.textContent !== text) newer.textContent = text;
      newer.hidden = false;
    }
    if (now.token !== live.dataset.token) await changed(body);
  }

  async function changed(body) {
    const rows = live.dataset.rows;
    const page = rows ? await loaded("POST", rows, body) : await loaded("GET", location.href);
    const fresh = page && page.getElementById("live");
    if (!fresh) throw new Error("not loaded");
    const before = new Map([...live.querySelectorAll("[data-key]")].map((one) => [one.dataset.key, one.textContent]));
    live.dataset.token = fresh.dataset.token;
    sync(live, fresh);
    const parts = [...live.querySelectorAll("tr[data-key]")].filter((one) => before.get(one.dataset.key) !== one.textContent);
    told.textContent = rows ? `${parts.length} ${parts.length === 1 ? "document" : "documents"} changed.` : "The document changed.";
  }

  async function look() {
    if (busy || document.hidden || pause.ariaPressed === "true") return;
    busy = true;
    try {
      await asked();
      wait = EVERY;
    } catch {
      wait = Math.min(SLOWEST, wait * 2);
    }
    busy = false;
    next();
  }

  function next(soon) {
    clearTimeout(timer);
    if (!document.hidden && pause.ariaPressed !== "true") timer = setTimeout(look, soon ? 0 : wait);
  }

  document.addEventListener("visibilitychange", () => next(true));
  pause.addEventListener("click", () => {
    pause.ariaPressed = pause.ariaPressed === "true" ? "false" : "true";
    next(true);
  });
  pause.hidden = false;
  next();
}

if (live) watched();
