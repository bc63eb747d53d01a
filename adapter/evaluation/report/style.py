"""The style sheet of the report: light and dark, from 360 pixels on."""

LIGHT = {
    "ink": "#1b1f24",
    "paper": "#ffffff",
    "soft": "#57606a",
    "line": "#d0d7de",
    "fill": "#0a58ca",
    "shade": "10, 88, 202",
    "gold": "#8a5a00",
    "goldback": "#fff3d6",
    "found": "#0a58ca",
    "foundback": "#e3eeff",
    "bothback": "#e3f6e5",
    "bad": "#b42318",
}
DARK = {
    "ink": "#e6edf3",
    "paper": "#0d1117",
    "soft": "#9aa4af",
    "line": "#30363d",
    "fill": "#6ea8fe",
    "shade": "110, 168, 254",
    "gold": "#f0c15d",
    "goldback": "#3a2e10",
    "found": "#8ab8ff",
    "foundback": "#12294d",
    "bothback": "#12361b",
    "bad": "#ff8d82",
}


def _names(colours: dict[str, str]) -> str:
    return " ".join(f"--{name}: {value};" for name, value in colours.items())


SHEET = (
    f"""
:root {{ color-scheme: light dark; {_names(LIGHT)} }}
@media (prefers-color-scheme: dark) {{ :root {{ {_names(DARK)} }} }}
"""
    + """
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 1rem; max-width: 70rem; background: var(--paper); color: var(--ink);
  font: 1rem/1.5 system-ui, sans-serif; overflow-wrap: anywhere; }
h1 { font-size: 1.5rem; line-height: 1.25; } h2 { font-size: 1.2rem; margin: 2.5rem 0 0.5rem; }
h3 { font-size: 1rem; margin: 1.2rem 0 0.2rem; }
p, figcaption, caption, .soft { color: var(--soft); } p { max-width: 45rem; }
.wide { overflow-x: auto; margin: 0.5rem 0 1rem; }
.wide:focus-visible, summary:focus-visible { outline: 2px solid var(--fill); outline-offset: 2px; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; font-size: 0.9rem; }
caption { text-align: left; padding-bottom: 0.4rem; }
caption span { display: inline-block; position: sticky; left: 0; max-width: min(45rem, 100vw - 2rem); }
th, td { padding: 0.3rem 0.6rem; border-bottom: 1px solid var(--line); text-align: right;
  white-space: nowrap; overflow-wrap: normal; }
th { font-weight: 600; } th[scope=row], thead th:first-child { text-align: left; padding-left: 0; }
th[scope=row] { position: sticky; left: 0; background: var(--paper); white-space: normal;
  min-width: 6rem; }
table.facts { width: 100%; table-layout: fixed; } table.facts th, table.facts td { text-align: left;
  white-space: pre-wrap; overflow-wrap: anywhere; vertical-align: top; }
table.facts th[scope=row] { position: static; font-weight: 400; }
table.grid thead th { vertical-align: bottom; } table.grid td { padding: 0.3rem 0.4rem; min-width: 2.6rem; }
table.grid thead th:not(:first-child) { writing-mode: vertical-rl; transform: rotate(180deg);
  text-align: left; padding: 0.3rem; }
.interval { color: var(--soft); font-size: 0.8rem; } .worse, .bad { color: var(--bad); font-weight: 600; }
.charts { display: grid; gap: 1.5rem;
  grid-template-columns: repeat(auto-fit, minmax(min(19rem, 100%), 1fr)); }
figure { margin: 0; } svg.plot { display: block; width: 100%; max-width: 28rem; height: auto; }
figcaption { font-size: 0.9rem; } figure details { border: 0; } figure summary { font-weight: 400; }
svg text { fill: var(--soft); font: 12px system-ui, sans-serif; }
svg .axis { stroke: var(--line); } svg .diagonal { stroke: var(--soft); stroke-dasharray: 4 4; }
svg .gap { stroke: var(--bad); stroke-width: 2; }
svg .curve { stroke: var(--fill); stroke-width: 2; fill: none; } svg .bar { fill: var(--fill); }
svg .dot { fill: var(--fill); stroke: var(--paper); stroke-width: 1; }
svg .back { fill: var(--line); } svg.meter { width: 8rem; height: 0.9rem; vertical-align: middle; }
svg .whisker { vector-effect: non-scaling-stroke; stroke: var(--soft); stroke-width: 2;
  stroke-linecap: square; }
details { border-top: 1px solid var(--line); padding: 0.6rem 0; }
details details { margin-left: 1rem; }
summary { cursor: pointer; font-weight: 600; }
ol.mistakes { padding-left: 2rem; } ol.mistakes li { margin: 0.7rem 0; }
blockquote { margin: 0.2rem 0; white-space: pre-wrap; }
mark { color: var(--ink); padding: 0 0.1em; border-radius: 2px; }
mark.gold { background: var(--goldback); border-bottom: 2px solid var(--gold); }
mark.found { background: var(--foundback); border-bottom: 2px dashed var(--found); }
mark.both { background: var(--bothback); border-bottom: 4px double var(--ink); }
@media (max-width: 40rem) {
  .interval { display: block; font-size: 0.75rem; }
  th, td { padding: 0.3rem 0.25rem; } table { font-size: 0.85rem; }
  th[scope=row] { font-size: 0.8rem; max-width: 9rem; overflow-wrap: anywhere; }
  ol.mistakes { padding-left: 1.6rem; } details details { margin-left: 0.4rem; }
}
"""
)
