/** How a report looks: calm, light or dark as the reader has it, and readable on paper. */
export const reportStyle = `
:root{color-scheme:light dark;--bg:#f7f8fa;--card:#fff;--text:#1b2430;--quiet:#5b6878;--line:#dfe4ea;--ok:#1a7f4b;--bad:#b3261e;--warn:#8a5a00;--info:#2457a6;--carries:#3d6fb6;--good:#3a9d6a;--gap:#c8453b;--fault:#c98a1b}
@media (prefers-color-scheme:dark){:root{--bg:#10151c;--card:#18202a;--text:#e6ebf1;--quiet:#9aa7b6;--line:#2b3643;--ok:#5fce95;--bad:#ff8a80;--warn:#f0b95b;--info:#8db7f5;--carries:#5b8fd8;--good:#4cb582;--gap:#e26a60;--fault:#dba545}}
*{box-sizing:border-box}
body{margin:0 auto;padding:24px 20px 48px;max-width:1080px;background:var(--bg);color:var(--text);font:15px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,sans-serif}
h1{margin:0 0 8px;font-size:28px;line-height:1.2}
h2{margin:0 0 12px;font-size:17px}
.where{margin:0;color:var(--quiet)}
.verdict{margin:12px 0 16px;padding:12px 16px;border:1px solid var(--line);border-left:6px solid var(--quiet);border-radius:8px;background:var(--card)}
.verdict strong{margin-right:8px}
.verdict.passed{border-left-color:var(--ok)}.verdict.failed{border-left-color:var(--bad)}.verdict.aborted{border-left-color:var(--warn)}.verdict.interrupted{border-left-color:var(--info)}
.passed strong,span.passed,.ok{color:var(--ok)}.failed strong,span.failed,.bad{color:var(--bad)}.aborted strong,span.aborted{color:var(--warn)}.interrupted strong,span.interrupted{color:var(--info)}
.facts{display:grid;grid-template-columns:repeat(auto-fit,minmax(180px,1fr));gap:10px 24px;margin:0}
dt{color:var(--quiet);font-size:13px}dd{margin:0}
section{margin-top:24px;padding:18px 20px;border:1px solid var(--line);border-radius:10px;background:var(--card)}
.scroll{overflow-x:auto}
table{width:100%;border-collapse:collapse;font-size:14px}
th{color:var(--quiet);font-weight:500;text-align:left}
th,td{padding:6px 12px 6px 0;border-bottom:1px solid var(--line);vertical-align:top}
td:not(:last-child){white-space:nowrap}
tr:last-child td{border-bottom:0}
svg{width:100%;min-width:640px;height:auto;font:13px system-ui,sans-serif}
svg text{fill:var(--text)}svg .lane{text-anchor:end}svg .time{fill:var(--quiet)}
.tick{stroke:var(--line)}.carries{fill:var(--carries)}.good{fill:var(--good)}.gap{fill:var(--gap)}.fault{fill:var(--fault)}.moment{fill:var(--quiet)}
footer{margin-top:24px;color:var(--quiet);font-size:13px}
@media print{body{background:#fff}section{break-inside:avoid}}
`.trim()
