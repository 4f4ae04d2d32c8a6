"""How a report's page looks: light, dark, narrow and on paper."""

STYLE = """
:root {
  color-scheme: light dark;
  --page: #f4f5f3; --card: #fff; --ink: #1b2126; --soft: #57616b; --rule: #dfe3e4; --track: #e9eceb;
  --bar: #2b7189; --line: #16405a; --limit: #b4530a; --wait: #f3d9bd; --gap: #e9eceb;
  --good: #1f6f4a; --good-bg: #e0f0e7; --warn: #8a4206; --warn-bg: #fbead9;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #101417; --card: #181d21; --ink: #e5e9eb; --soft: #a3adb5; --rule: #2c343a;
    --track: #262d32; --bar: #58abc6; --line: #b9dff0; --limit: #f0a04b; --wait: #4a3320;
    --gap: #22292e; --good: #7fd0a6; --good-bg: #173026; --warn: #f3b678; --warn-bg: #38281a;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0; background: var(--page); color: var(--ink);
  font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif;
  font-variant-numeric: tabular-nums; -webkit-text-size-adjust: 100%;
}
header, main, footer { max-width: 1120px; margin: 0 auto; padding: 0 24px; }
header { padding-top: 40px; }
main { display: grid; gap: 20px; grid-template-columns: repeat(2, minmax(0, 1fr)); }
.eyebrow { margin: 0; color: var(--soft); font-size: 13px; letter-spacing: .02em; }
h1 {
  margin: 2px 0 10px; font-size: 30px; line-height: 1.2; font-weight: 650; letter-spacing: -.015em;
  overflow-wrap: anywhere;
}
h2 { margin: 0; font-size: 17px; font-weight: 650; letter-spacing: -.005em; }
h3 { margin: 18px 0 6px; font-size: 13px; font-weight: 600; color: var(--soft); }
p { margin: 4px 0 0; }
.note { color: var(--soft); font-size: 13.5px; max-width: 75ch; }
.facts { margin: 0; color: var(--soft); font-size: 13.5px; }
.badge {
  display: inline-block; margin-right: 8px; padding: 1px 10px; border-radius: 99px;
  font-size: 13px; font-weight: 600;
}
.badge.good { color: var(--good); background: var(--good-bg); }
.badge.warn { color: var(--warn); background: var(--warn-bg); }
.why { margin: 10px 0 0; padding-left: 12px; border-left: 3px solid var(--limit); max-width: 80ch;
  overflow-wrap: anywhere; }
.tiles {
  display: flex; flex-wrap: wrap; gap: 1px;
  margin: 22px 0 20px; border: 1px solid var(--rule); border-radius: 10px; overflow: hidden;
  background: var(--rule);
}
.tiles div { flex: 1 1 150px; padding: 14px 18px 13px; background: var(--card); }
.tiles dt { color: var(--soft); font-size: 13px; }
.tiles dd { margin: 1px 0 0; font-size: 22px; line-height: 1.3; font-weight: 620;
  letter-spacing: -.015em; white-space: nowrap; }
.tiles dd + dd { font-size: 13px; font-weight: 400; color: var(--soft); letter-spacing: 0;
  white-space: normal; }
section {
  grid-column: 1 / -1; padding: 20px 24px 22px; background: var(--card);
  border: 1px solid var(--rule); border-radius: 10px; min-width: 0;
}
section.half { grid-column: auto; }
#clients { grid-row: span 2; }
table { border-collapse: collapse; width: 100%; font-size: 13.5px; }
.list { margin-top: 12px; table-layout: fixed; }
caption { text-align: left; }
th { font-weight: 400; text-align: left; }
thead th { color: var(--soft); font-size: 12.5px; border-bottom: 1px solid var(--rule); }
th, td { padding: 3.5px 10px 3.5px 0; vertical-align: middle; }
td { text-align: right; white-space: nowrap; }
th:last-child, td:last-child { padding-right: 0; }
thead th.n { text-align: right; }
.list tbody th { overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
.list tbody tr + tr > * { border-top: 1px solid var(--track); }
.list .wide { width: 24%; } .list .n { width: 6.6em; } .list .p { width: 5.2em; }
.failed th, .failed td { vertical-align: top; text-align: left; white-space: normal;
  overflow-wrap: anywhere; }
.failed th:first-child { width: 32%; }
.soft { color: var(--soft); }
.meter {
  display: block; height: 8px; min-width: 24px; border-radius: 2px; background: var(--track);
  overflow: hidden;
}
.meter i { display: block; height: 100%; background: var(--bar); border-radius: 2px; }
.big { display: grid; grid-template-columns: repeat(auto-fit, minmax(180px, 1fr)); gap: 12px 28px;
  margin: 14px 0 4px; }
.big p { margin: 0 0 5px; display: flex; justify-content: space-between; align-items: baseline; }
.big .meter { margin-bottom: 4px; }
.big b { font-size: 20px; font-weight: 620; letter-spacing: -.01em; }
.columns { columns: 3 300px; column-gap: 36px; margin-top: 6px; }
.columns table { break-inside: auto; margin-bottom: 14px; table-layout: fixed; }
.columns caption { padding: 8px 0 3px; font-size: 13px; font-weight: 600; color: var(--soft);
  border-bottom: 1px solid var(--rule); break-after: avoid; }
.columns tr { break-inside: avoid; }
.columns th { width: 48%; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
.columns td { padding-right: 0; } .columns td.m { width: 26%; padding-right: 8px; }
.none > * { color: var(--soft); }
.pairs { display: grid; grid-template-columns: 1fr auto; margin: 12px 0 0; font-size: 14px; }
.pairs > div { display: contents; }
.pairs dt, .pairs dd { padding: 5px 0; border-top: 1px solid var(--track); margin: 0; }
.pairs > div:first-child > * { border-top: 0; }
.pairs dt small { display: block; color: var(--soft); font-size: 12.5px; max-width: 68ch; }
.pairs dd { text-align: right; font-weight: 600; white-space: nowrap; padding-left: 16px; }
.chart { display: grid; grid-template-columns: auto minmax(0, 1fr); column-gap: 8px;
  margin-top: 14px; }
.chart svg { display: block; width: 100%; height: 170px; overflow: visible; }
.chart.low svg { height: 76px; } .chart.mid svg { height: 120px; }
.chart .y { display: flex; flex-direction: column; justify-content: space-between; min-width: 34px;
  margin: -8px 0; text-align: right; }
.chart .y, .chart .x { color: var(--soft); font-size: 12px; line-height: 16px; }
.chart .x { grid-column: 2; position: relative; height: 18px; margin-top: 5px; }
.chart .x span { position: absolute; white-space: nowrap; }
.chart .x .middle { transform: translateX(-50%); } .chart .x .end { transform: translateX(-100%); }
.chart svg { border-bottom: 1px solid var(--soft); }
.grid { stroke: var(--rule); stroke-width: 1; vector-effect: non-scaling-stroke; }
.bar { fill: var(--bar); } .bar:hover { opacity: .75; }
.total, .limit { fill: none; stroke-width: 2; vector-effect: non-scaling-stroke;
  stroke-linejoin: round; }
.total { stroke: var(--line); } .limit { stroke: var(--limit); stroke-dasharray: 6 4; }
.wait { fill: var(--wait); } .gap { fill: var(--gap); }
.legend { display: flex; flex-wrap: wrap; gap: 2px 18px; margin-top: 8px; font-size: 13px;
  color: var(--soft); }
.legend i { display: inline-block; width: 14px; height: 10px; margin-right: 6px;
  border-radius: 2px; }
.legend .k-bar { background: var(--bar); } .legend .k-wait { background: var(--wait); }
.legend .k-gap { background: var(--gap); border: 1px solid var(--rule); }
.legend .k-limit { height: 0; border-top: 2px dashed var(--limit); border-radius: 0;
  vertical-align: 4px; }
.few { display: grid; grid-template-columns: repeat(auto-fit, minmax(250px, 1fr)); gap: 4px 36px; }
details { margin-top: 12px; font-size: 13.5px; }
summary { cursor: pointer; color: var(--soft); width: fit-content; }
summary:focus-visible { outline: 2px solid var(--limit); outline-offset: 3px; border-radius: 2px; }
.scroll { max-height: 340px; overflow: auto; margin-top: 8px; }
.scroll:focus-visible { outline: 2px solid var(--limit); outline-offset: 2px; }
.scroll thead th { position: sticky; top: 0; background: var(--card); }
footer { padding-top: 18px; padding-bottom: 40px; color: var(--soft); font-size: 13px; }
@media (max-width: 1080px) {
  .tiles div { flex-basis: 30%; }
}
@media (max-width: 760px) {
  header, main, footer { padding-left: 14px; padding-right: 14px; }
  header { padding-top: 22px; }
  main { grid-template-columns: minmax(0, 1fr); gap: 12px; }
  #clients { grid-row: auto; }
  h1 { font-size: 24px; }
  section { padding: 16px 14px 18px; }
  .tiles div { flex-basis: 45%; padding: 11px 14px; }
  .tiles dd { font-size: 20px; }
  .list .n { width: 5.6em; }
  .chart svg { height: 140px; }
}
@media (max-width: 480px) {
  #clients .list th:nth-child(2), #clients .list td:nth-child(2) { display: none; }
}
@media print {
  :root {
    --page: #fff; --card: #fff; --ink: #000; --soft: #444; --rule: #ccc; --track: #eee;
    --bar: #2b7189; --line: #16405a; --limit: #b4530a; --wait: #f3d9bd; --gap: #eee;
  }
  body { font-size: 11px; -webkit-print-color-adjust: exact; print-color-adjust: exact; }
  header, main, footer { max-width: none; padding: 0; }
  main { display: block; }
  section { border: 0; border-top: 1px solid var(--rule); border-radius: 0; padding: 12px 0; }
  section, .chart, .tiles { break-inside: avoid; }
  #fields { break-inside: auto; }
  details:not([open]) { display: none; }
  .scroll { max-height: none; }
}
"""
