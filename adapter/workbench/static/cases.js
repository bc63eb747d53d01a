// The page works without this. It presses "Go on" until all cases of a run are done, and puts the parts of the
// pages it gets for answers in place as the server drew them; no text becomes markup here.

const PARTS = ["running", "listed"];

/** The page that the form gets for an answer, as a document that runs nothing. */
function answered(form) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.responseType = "document";
    request.open("POST", form.getAttribute("action"));
    request.setRequestHeader("Content-Type", "application/x-www-form-urlencoded");
    request.addEventListener("load", () => {
      const page = request.response;
      if (page?.getElementById("run")) resolve(page);
      else reject(new Error(String(request.status)));
    });
    request.addEventListener("error", () => reject(new Error("not reached")));
    const body = new URLSearchParams(new FormData(form));
    body.set("quick", "yes"); // a short step, so that progress is seen
    request.send(body.toString());
  });
}

function put(page) {
  for (const id of PARTS) {
    const here = document.getElementById(id);
    const there = page.getElementById(id);
    if (!here || !there) continue;
    const top = here.scrollTop;
    here.replaceWith(document.adoptNode(there));
    document.getElementById(id).scrollTop = top;
  }
}

let stopped = false;

async function go() {
  stopped = false;
  for (;;) {
    const form = document.getElementById("run");
    const button = form.querySelector("button");
    button.textContent = "Stop";
    button.type = "button";
    button.addEventListener("click", () => {
      stopped = true;
      button.disabled = true;
    });
    button.focus({ preventScroll: true });
    const page = await answered(form);
    put(page);
    history.replaceState(null, "", location.pathname + location.search);
    const next = document.getElementById("run");
    if (stopped || !next.dataset.going) {
      next.querySelector("button")?.focus({ preventScroll: true });
      return;
    }
  }
}

document.addEventListener("submit", (event) => {
  if (event.target.id !== "run") return;
  event.preventDefault();
  go().catch(() => event.target.isConnected ? event.target.submit() : location.reload());
});
