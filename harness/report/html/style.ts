/**
 * The style of the page: light, dark, narrow and print. The page holds it and reads without it; `report.css` repeats it
 * beside the page, for servers whose policy forbids style inside a page.
 */
export const STYLE = `
:root {
  color-scheme: light dark;
  --paper: #ffffff; --ground: #f5f6f8; --ink: #18212b; --quiet: #566270; --rule: #dde2e8;
  --link: #0b5fa5;
  --passed: #0f6e4f; --passed-ground: #e6f4ee;
  --failed: #b3261e; --failed-ground: #fdecea;
  --unsure: #825200; --unsure-ground: #fff4dc;
  --neutral: #566270; --neutral-ground: #eef1f4;
  --emulated: #5b2a86; --emulated-ground: #f3eafa;
  --series-0: #0072b2; --series-1: #c75200; --series-2: #007a5a; --series-3: #a8487f;
  --box: #ffffff; --alarm: #c0392b;
}
@media (prefers-color-scheme: dark) {
  :root {
    --paper: #171c22; --ground: #101418; --ink: #e4e9ee; --quiet: #a3afbb; --rule: #2e3740;
    --link: #7cc0f5;
    --passed: #6fd3ab; --passed-ground: #12312a;
    --failed: #ff9a8f; --failed-ground: #3d1b19;
    --unsure: #f2c262; --unsure-ground: #362a10;
    --neutral: #a3afbb; --neutral-ground: #222a32;
    --emulated: #d5b3f5; --emulated-ground: #2c1d3d;
    --series-0: #62b5ea; --series-1: #ff9c57; --series-2: #45c9a0; --series-3: #e08dbb;
    --box: #1f262e; --alarm: #ff8b7e;
  }
}
* { box-sizing: border-box }
html { background: var(--ground); scroll-padding-top: 4.5rem; -webkit-text-size-adjust: 100% }
body { margin: 0; color: var(--ink); font: 1rem/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif; overflow-wrap: anywhere }
.page { max-width: 76rem; margin: 0 auto; padding: 0 1.5rem 4rem }
a { color: var(--link); text-underline-offset: .18em }
a:focus-visible, summary:focus-visible, .wide:focus-visible { outline: 3px solid var(--link); outline-offset: 2px; border-radius: 4px }
h1, h2, h3, h4 { line-height: 1.25; margin: 0; font-weight: 650; text-wrap: balance }
h1 { font-size: 2.1rem; letter-spacing: -.015em }
h2 { font-size: 1.45rem; margin: 3rem 0 1rem; letter-spacing: -.01em }
h3 { font-size: 1.1rem; margin: 2rem 0 .6rem }
h4 { font-size: 1rem; margin: 1.25rem 0 .5rem }
p { margin: .5rem 0 }
code { font: .9em/1.4 ui-monospace, SFMono-Regular, Menlo, Consolas, monospace }
.quiet, .where { color: var(--quiet) }
.lines { white-space: pre-wrap }
.emulated { position: sticky; top: 0; z-index: 1; margin: 0 0 1.5rem; padding: .7rem 1.5rem; background: var(--emulated-ground); color: var(--emulated); border-bottom: 4px solid var(--emulated); text-align: center; font-weight: 550 }
.emulated strong { letter-spacing: .08em; margin-right: .5em; font-weight: 800 }
.badge { display: inline-block; padding: 0 .45em; border: 1.5px solid var(--emulated); border-radius: 4px; color: var(--emulated); font-size: .75rem; font-weight: 700; letter-spacing: .06em; vertical-align: .1em }
.top { padding: 2rem 0 .5rem }
.top h1 { display: flex; flex-wrap: wrap; align-items: center; gap: .3em .5em }
.verdict { display: inline-block; padding: .1em .55em; border-radius: .35em; white-space: nowrap }
.verdict.passed, .tag.passed { background: var(--passed-ground); color: var(--passed) }
.verdict.failed, .tag.failed { background: var(--failed-ground); color: var(--failed) }
.verdict.inconclusive, .verdict.interrupted, .tag.inconclusive, .tag.interrupted, .tag.waived, .tag.warned { background: var(--unsure-ground); color: var(--unsure) }
.tag.skipped { background: var(--neutral-ground); color: var(--neutral) }
.tag { display: inline-block; padding: .05em .5em; border-radius: 1em; font-size: .85rem; font-weight: 600; white-space: nowrap }
.lead { font-size: 1.1rem; color: var(--quiet) }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(15rem, 1fr)); gap: 1rem; margin: 1.5rem 0 0 }
.tiles > div { background: var(--paper); border: 1px solid var(--rule); border-radius: 10px; padding: .9rem 1.1rem }
.tiles dt { color: var(--quiet); font-size: .85rem }
.tiles dd { margin: .15rem 0 0; font-size: 1.05rem; font-variant-numeric: tabular-nums }
.tiles dd strong { font-size: 1.3rem; font-weight: 650 }
.tiles li strong { font-size: 1.05rem }
.tiles ul { margin: 0; padding: 0; list-style: none }
.contents ul { display: flex; flex-wrap: wrap; gap: .3rem 1.4rem; padding: 0; margin: 1.5rem 0 0; list-style: none }
.card { background: var(--paper); border: 1px solid var(--rule); border-left: 5px solid var(--neutral); border-radius: 10px; padding: 1.1rem 1.4rem; margin: 0 0 1rem }
.card.failed { border-left-color: var(--failed) }
.card.inconclusive, .card.interrupted { border-left-color: var(--unsure) }
.card h3 { margin: 0; display: flex; flex-wrap: wrap; gap: .2em .6em; align-items: baseline }
.card .where { font-size: .9rem; margin: .2rem 0 0 }
.expectation { border-top: 1px solid var(--rule); margin-top: .9rem; padding-top: .9rem }
.expectation h4 { margin: 0 0 .4rem }
.figures { display: flex; flex-wrap: wrap; gap: .4rem 2.2rem; margin: .3rem 0 .6rem }
.figures dt { color: var(--quiet); font-size: .82rem }
.figures dd { margin: 0; font-variant-numeric: tabular-nums; font-weight: 600 }
.causes { margin: .3rem 0; padding-left: 1.2rem }
.causes li { margin: .2rem 0 }
.hint { background: var(--neutral-ground); border-radius: 6px; padding: .5rem .8rem }
:target { outline: 3px solid var(--link); outline-offset: 3px }
.wide { overflow-x: auto; max-width: 100% }
table { border-collapse: collapse; width: 100%; font-size: .93rem; font-variant-numeric: tabular-nums }
caption { text-align: left; padding: .4rem 0; color: var(--quiet) }
th, td { overflow-wrap: break-word; padding: .45rem .8rem .45rem 0; text-align: left; vertical-align: top; border-bottom: 1px solid var(--rule); font-weight: 400 }
thead th { color: var(--quiet); font-size: .82rem; font-weight: 600; white-space: nowrap }
th:last-child, td:last-child { padding-right: 0 }
.verdicts { table-layout: fixed }
.verdicts th:nth-child(1) { width: 13% } .verdicts th:nth-child(2) { width: 36% } .verdicts th:nth-child(3) { width: 20% } .verdicts th:nth-child(4) { width: 15% }
.verdicts tr:last-child > * { border-bottom: 0 }
a.tag { text-decoration: none } a.tag:hover { text-decoration: underline }
.suite, .bulk { background: var(--paper); border: 1px solid var(--rule); border-radius: 10px; padding: .2rem 1.2rem; margin: .7rem 0 }
.suite > summary { padding: .65rem 0; font-weight: 600; cursor: pointer }
.suite[open] > summary { border-bottom: 1px solid var(--rule) }
summary { cursor: pointer }
summary .quiet { font-weight: 400 }
details.more > .facts, details.more > .causes { margin: .5rem 0 .6rem; font-size: .9rem }
details.more > summary { list-style-position: outside }
.plots { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(26rem, 100%), 1fr)); gap: 1rem; align-items: start }
figure { margin: 0; background: var(--paper); border: 1px solid var(--rule); border-radius: 10px; padding: 1rem 1.2rem .6rem; min-width: 0 }
figure.broad { grid-column: 1 / -1 }
figcaption { font-weight: 600; margin-bottom: .5rem }
figure svg { display: block; width: 100%; height: auto; max-width: 36rem; margin: 0 auto }
figure.broad { overflow-x: auto }
figure.broad svg { max-width: 58rem; min-width: 40rem }
figure .bulk { border: 0; padding: 0; margin: .3rem 0; font-size: .9rem; background: none }
.bulk > summary { color: var(--quiet); padding: .45rem 0 }
figure .of { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap }
.note { color: var(--quiet); font-size: .85rem; margin: .4rem 0 0 }
svg .quiet { fill: var(--quiet) }
svg .box { fill: var(--box) } svg .ink { fill: var(--ink) }
svg .alarm { fill: var(--alarm) } svg .named .box { stroke: var(--alarm) }
svg .line.series-0 { stroke: var(--series-0) } svg .mark.series-0 { fill: var(--series-0) }
svg .line.series-1 { stroke: var(--series-1) } svg .mark.series-1 { fill: var(--series-1) }
svg .line.series-2 { stroke: var(--series-2) } svg .mark.series-2 { fill: var(--series-2) }
svg .line.series-3 { stroke: var(--series-3) } svg .mark.series-3 { fill: var(--series-3) }
.facts { display: grid; grid-template-columns: minmax(9rem, max-content) 1fr; gap: .3rem 1.5rem; margin: 0 }
.facts dt { color: var(--quiet) } .facts dd { margin: 0 }
footer { margin-top: 3rem; padding-top: 1rem; border-top: 1px solid var(--rule); color: var(--quiet); font-size: .9rem }
@media (max-width: 44rem) {
  .page { padding: 0 1rem 3rem }
  .emulated { text-align: left; padding: .35rem 1rem; font-size: .85rem; line-height: 1.35 }
  h1 { font-size: 1.6rem } h2 { font-size: 1.25rem; margin-top: 2.2rem }
  .card { padding: .9rem 1rem } .suite { padding: .1rem .9rem } figure { padding: .8rem .8rem .4rem }
  .facts { grid-template-columns: 1fr; gap: 0 } .facts dd { margin-bottom: .5rem }
  .verdicts thead { position: absolute; clip-path: inset(50%) }
  .verdicts tr { display: grid; grid-template-columns: 1fr 1fr; gap: .1rem 1rem; padding: .7rem 0; border-bottom: 1px solid var(--rule) }
  .verdicts th, .verdicts td { display: block; border: 0; padding: 0; width: auto }
  .verdicts td:not([data-label]) { grid-column: 1 / -1 }
  .verdicts td[data-label]::before { content: attr(data-label); display: block; color: var(--quiet); font-size: .8rem }
  .verdicts td:empty { display: none }
}
@page { margin: 16mm 14mm 18mm; @bottom-right { content: counter(page) " / " counter(pages); font: 9pt system-ui, sans-serif; color: #566270 } }
@media print {
  :root { color-scheme: light;
    --paper: #ffffff; --ground: #ffffff; --ink: #000000; --quiet: #444444; --rule: #cccccc; --link: #000000;
    --passed: #0f6e4f; --passed-ground: #ffffff; --failed: #b3261e; --failed-ground: #ffffff;
    --unsure: #825200; --unsure-ground: #ffffff; --neutral: #444444; --neutral-ground: #ffffff;
    --emulated: #5b2a86; --emulated-ground: #ffffff; --box: #ffffff; --alarm: #c0392b;
    --series-0: #0072b2; --series-1: #c75200; --series-2: #007a5a; --series-3: #a8487f; }
  body { font-size: 10pt; print-color-adjust: exact; -webkit-print-color-adjust: exact }
  .page { max-width: none; padding: 0 }
  .contents, .bulk, .evidence h3 { display: none }
  .emulated { position: static; border: 3px solid var(--emulated); margin-top: 0 }
  .tiles { grid-template-columns: repeat(4, 1fr); gap: 3mm }
  .verdict, .tag { border: 1px solid currentColor }
  details.suite::details-content { content-visibility: visible; block-size: auto; height: auto; opacity: 1 }
  table { font-size: 8.5pt }
  .verdicts summary { list-style: none }
  .card, figure, tr, .tiles > div { break-inside: avoid }
  h2, h3, h4, summary, caption { break-after: avoid }
  .plots { grid-template-columns: 1fr 1fr; gap: 4mm }
  figure.broad svg { min-width: 0; max-width: 100% }
  .wide { overflow: visible }
  a { text-decoration: none }
}
`.trim()

/** On every printed page of a run that is not from hardware. */
export const EMULATED_STYLE =
  '@page { @top-center { content: "EMULATED: these figures do not come from hardware"; font: 700 9pt system-ui, sans-serif; color: #5b2a86 } }'
