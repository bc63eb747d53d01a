"""The style sheet of the report: light and dark, from 360 pixels on."""

SHEET = """
:root { color-scheme: light dark; --ink: #1b1f24; --paper: #ffffff; --soft: #57606a; --line: #d0d7de;
  --fill: #0a58ca; --shade: 10, 88, 202; --gold: #8a5a00; --goldback: #fff3d6; --found: #0a58ca;
  --foundback: #e3eeff; --bothback: #e3f6e5; --bad: #b42318; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6edf3; --paper: #0d1117; --soft: #9aa4af;
  --line: #30363d; --fill: #6ea8fe; --shade: 110, 168, 254; --gold: #f0c15d; --goldback: #3a2e10;
  --found: #8ab8ff; --foundback: #12294d; --bothback: #12361b; --bad: #ff8d82; } }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 1rem; max-width: 70rem; background: var(--paper); color: var(--ink);
  font: 1rem/1.5 system-ui, sans-serif; overflow-wrap: break-word; }
h1 { font-size: 1.5rem; line-height: 1.25; } h2 { font-size: 1.2rem; margin-top: 2.5rem; }
p, figcaption, caption, .soft { color: var(--soft); } p { max-width: 45rem; }
.wide { overflow-x: auto; margin: 1rem 0; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; font-size: 0.9rem; }
caption { text-align: left; padding-bottom: 0.4rem; }
th, td { padding: 0.3rem 0.6rem; border-bottom: 1px solid var(--line); text-align: right;
  white-space: nowrap; }
th[scope=row], thead th:first-child { text-align: left; } th { font-weight: 600; }
.interval { color: var(--soft); font-size: 0.8rem; } .worse { color: var(--bad); font-weight: 600; }
.charts { display: grid; gap: 1rem; grid-template-columns: repeat(auto-fit, minmax(min(18rem, 100%), 1fr)); }
figure { margin: 0; } svg.plot { width: 100%; max-width: 28rem; height: auto; }
svg text { fill: var(--soft); font: 11px system-ui, sans-serif; }
svg .axis { stroke: var(--line); } svg .diagonal { stroke: var(--soft); stroke-dasharray: 4 4; }
svg .curve { stroke: var(--fill); stroke-width: 2; fill: none; } svg .dot, svg .bar { fill: var(--fill); }
svg .whisker { stroke: var(--ink); stroke-width: 1.5; } svg .back { fill: var(--line); }
svg.meter { width: 8rem; height: 0.9rem; vertical-align: middle; }
details { border-top: 1px solid var(--line); padding: 0.6rem 0; }
summary { cursor: pointer; font-weight: 600; }
ol.mistakes { padding-left: 2rem; } ol.mistakes li { margin: 0.7rem 0; }
blockquote { margin: 0.2rem 0; white-space: pre-wrap; }
mark { color: inherit; padding: 0 0.1em; border-radius: 2px; }
mark.gold { background: var(--goldback); border-bottom: 2px solid var(--gold); }
mark.found { background: var(--foundback); border-bottom: 2px dashed var(--found); }
mark.both { background: var(--bothback); border-bottom: 4px double var(--ink); }
"""
