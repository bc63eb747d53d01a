"""Hostile texts in everything that somebody can write, on every page there is, in a real browser.

Nothing of them runs, becomes an element or calls anybody; every one of them can be read as it was written.
"""

import re
from urllib.parse import quote

import pytest

from adapter.workbench.page import BASE
from adapter.workbench.pages import PAGES
from tests.workbench import chromium, hostile_site
from tests.workbench.hostile_site import LINES, SYSTEM, TEXTS, WORDS

MOST = 60  # addresses that are looked at
LOOK = """() => {
  const all = [...document.querySelectorAll('*')];
  const kept = [...document.querySelectorAll('template')];
  const within = kept.flatMap(one => [...one.content.querySelectorAll('*')]);
  const here = url => new URL(url, location).origin === location.origin;
  const strange = one =>
    one.hasAttribute('pwned') || one instanceof HTMLUnknownElement ||
    one.matches('iframe, frame, object, embed, base, meta[http-equiv], style, math, video, audio') ||
    (one.localName === 'script' && !one.src.startsWith(`${location.origin}/workbench/static/`)) ||
    [...one.attributes].some(({name, value}) => name.startsWith('on') || name === 'srcdoc' ||
      (['href', 'src', 'action', 'formaction'].includes(name) && !here(value)));
  const values = all.filter(one => 'value' in one).map(one => String(one.value));
  return {
    pwned: 'pwned' in window,
    strange: [...all, ...within].filter(strange).map(one => one.outerHTML.slice(0, 200)),
    text: [document.documentElement.textContent, ...values].join(' '),
    links: all.filter(one => one.localName === 'a' && one.href).map(one => one.href),
  };
}"""


def read(text):
    """A text as it can be read: what no browser shows, and kinds of white space, aside."""
    return " ".join(re.sub(r"[\0\ufffd\ufeff]", "", text).split())


def pattern(address):
    """What addresses of the same page have in common."""
    return re.sub(r"=[^&]*|[0-9a-f]{8}-[0-9a-f-]{27,}|\d+|reports/[^/?]*", "*", address)


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    with hostile_site.opened(tmp_path_factory.mktemp("site")) as found:
        yield found


def test_hostile_texts_are_only_text_on_every_page(site):
    assert len(TEXTS) >= 60
    asked, texts = [], {}
    home = f"{site.origin}{BASE}/"
    with chromium.opened(f"{home}try") as page:
        page.set_default_timeout(300_000)
        page.on("request", lambda one: asked.append(one.url))
        page.on("dialog", lambda one: asked.append("dialog"))

        def look(name):
            found = page.evaluate(LOOK)
            assert not found["pwned"] and not found["strange"], (name, found["strange"][:3])
            texts[name] = read(found["text"])
            return [link.partition("#")[0] for link in found["links"] if link.startswith(home)]

        page.fill("textarea[name=text]", hostile_site.note().replace("\0", ""))
        page.get_by_role("button", name="Try it").click()
        page.wait_for_selector("details.item", state="attached")
        look("tried")
        links = crawled(page, look, [site.origin + one.address for one in PAGES] + seeds(home, site))
        searched(page, home, look)
    assert {one.address.rpartition("/")[2] for one in PAGES} <= {
        link.removeprefix(home).split("/")[0] for link in links
    }
    assert not [url for url in asked if not url.startswith((site.origin + "/", "data:,"))]
    told(texts, site)


def seeds(home, site):
    """Pages with something on them."""
    one, other = site.documents
    return [
        f"{home}documents/{one}",
        f"{home}documents/{other}",
        f"{home}review/{one}",
        f"{home}cases/one/hostile",
        f"{home}cases/new",
        f"{home}tasks/task/hostile",
        f"{home}lab/draft/hostile",
        f"{home}lab/edit/hostile/{hostile_site.DRAFTED}",
        f"{home}terminology?q={quote(LINES[0])}",
        f"{home}terminology/concept?system={quote(SYSTEM)}&code={quote(LINES[4])}",
    ]


def crawled(page, look, waiting):
    """The addresses that were looked at: those given, and one of each kind that they lead to."""
    seen, kinds = [], set()
    while waiting and len(seen) < MOST:
        address = waiting.pop(0)
        if pattern(address) in kinds or re.search(
            r"/(zip|file)$|/lab/(files|patch)/|/reports/[^/]*\.html", address
        ):
            continue
        kinds.add(pattern(address))
        answer = page.goto(address)
        assert answer.status == 200, (address, answer.status)
        waiting += look(address)
        seen.append(address)
    return seen


def searched(page, home, look):
    """What is typed into a search comes back as text, and so do the terms and codes it finds."""
    for words in (LINES[10], WORDS[4]):
        page.goto(f"{home}terminology")
        page.fill("#text", words)
        with page.expect_navigation():
            page.press("#text", "Enter")
        look(f"searched {words}")


def told(texts, site):
    """Each text stands where it belongs, whole."""
    tried = texts["tried"]
    assert not [text for text in TEXTS if read(text) not in tried]
    assert read(LINES[4]) in texts[f"searched {WORDS[4]}"]
    assert not [name for name, text in texts.items() if "49{{constructor" in text]  # no template ran
    of = {name: text for name, text in texts.items() if "/workbench/" in name}
    for part in ("tasks/task/hostile", "models", "cases/one/hostile"):
        text = next(text for name, text in of.items() if name.endswith(part))
        shown = [one for one in LINES if read(one) in text]
        assert len(shown) >= 40, (part, len(shown))
