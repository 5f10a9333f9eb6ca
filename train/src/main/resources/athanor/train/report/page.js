"use strict";
// Draws one run or several. A report holds its runs in the page; the live page fetches them.

const here = document.getElementById("main");
const state = { runs: [], live: {}, chosen: null, by: "epoch", plots: [], offline: false };

// ---- little ones ----

function el(tag, attributes, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes || {})) {
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (value !== false && value != null) node.setAttribute(name, value);
  }
  node.append(...children.flat(Infinity).filter(child => child != null).map(child => child instanceof Node ? child : String(child)));
  return node;
}

const colour = name => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
const runColour = i => colour("--c" + i % 6);
const number = (x, digits) => x == null || !isFinite(x) ? "–" : x.toLocaleString("en", { minimumFractionDigits: digits, maximumFractionDigits: digits });
const percent = x => x == null ? "–" : number(x, 2) + " %";
const bytes = x => x == null ? "–" : x >= 1e9 ? number(x / 1e9, 2) + " GB" : number(x / 1e6, 0) + " MB";
const small = x => x == null ? "–" : Math.abs(x) >= 0.001 || x === 0 ? String(+x.toPrecision(4)) : x.toExponential(2);
function time(seconds) {
  if (seconds == null || !isFinite(seconds)) return "–";
  const s = Math.round(seconds), two = n => String(n).padStart(2, "0");
  return s < 60 ? s + " s" : s < 3600 ? Math.floor(s / 60) + ":" + two(s % 60) : Math.floor(s / 3600) + ":" + two(Math.floor(s / 60) % 60) + ":" + two(s % 60);
}
const last = list => list[list.length - 1];
const column = (run, name) => run.epochs.map(e => e[name] ?? null);
function best(run) {
  let found = null;
  for (const e of run.epochs) if (e.test_acc1 != null && (found == null || e.test_acc1 > found.test_acc1)) found = e;
  return found;
}
const perEpoch = run => run.epochs.length ? last(run.epochs).step / last(run.epochs).epoch : (state.live[run.name] || {}).stepsPerEpoch || 1;
const xOf = (run, step) => state.by === "epoch" ? step / perEpoch(run) : step;

// ---- charts ----

// A curve: { label, run, x, y, colour, dash, faint }.
function chart(title, unit, curves, digits) {
  curves = curves.filter(c => c.y.some(v => v != null));
  if (!curves.length) return null;
  const box = el("div", { class: "plot" });
  const card = el("section", { class: "card" }, el("h2", {}, title, unit ? el("small", {}, "  " + unit) : null), box);
  const tables = curves.map(c => [c.x, c.y]);
  const joined = tables.length === 1 ? tables[0] : uPlot.join(tables);
  const format = v => v == null ? "" : digits == null ? small(v) : number(v, digits);
  const axis = { stroke: () => colour("--quiet"), grid: { stroke: () => colour("--grid"), width: 1 }, ticks: { show: false }, font: "11px system-ui, sans-serif", size: 30 };
  const few = curves.every(c => c.x.length <= 40);
  const options = {
    width: 320, height: 210, padding: [8, 8, 0, 0], legend: { live: true },
    scales: { x: { time: false }, y: { range: (u, low, high) => low === high ? [low - Math.abs(low) * .1 - 1e-9, high + Math.abs(high) * .1 + 1e-9] : uPlot.rangeNum(low, high, .08, true) } },
    cursor: { sync: { key: "runs" }, y: false, points: { size: 7 } },
    axes: [axis, { ...axis, size: 52, values: (u, ticks) => ticks.map(t => Math.abs(t) >= 10000 ? number(t / 1000, 0) + "k" : small(t)) }],
    series: [{ label: state.by, value: (u, v) => v == null ? "" : state.by === "epoch" ? number(v, v % 1 ? 2 : 0) : number(v, 0) },
      ...curves.map(c => ({
        label: c.label, spanGaps: true, width: c.faint ? 1 : 1.75, dash: c.dash, alpha: c.faint ? .35 : 1,
        stroke: () => c.colour(), points: { show: few && !c.faint && c.x.length < 2, size: 6 }, value: (u, v) => format(v),
      }))],
  };
  state.plots.push(() => {
    const plot = new uPlot({ ...options, width: Math.max(240, box.clientWidth) }, joined, box);
    const watch = new ResizeObserver(() => plot.setSize({ width: Math.max(240, box.clientWidth), height: 210 }));
    watch.observe(box);
    return { redraw: () => plot.redraw(false), destroy: () => { watch.disconnect(); plot.destroy(); } };
  });
  return card;
}

function curvesOf(runs, fields, steps) {
  const alone = runs.length === 1, out = [];
  runs.forEach((run, r) => {
    const x = run.epochs.map(e => xOf(run, e.step));
    if (steps && alone && run.steps.step.length) {
      out.push({ label: "step", x: run.steps.step.map(s => xOf(run, s)), y: run.steps[steps], colour: () => runColour(0), faint: fields.length > 0 });
    }
    fields.forEach(([field, label, style], i) => {
      out.push({
        label: alone ? label : run.short + (fields.length > 1 ? " " + label : ""), x, y: column(run, field),
        colour: () => alone ? runColour(i) : runColour(r), dash: alone ? (style === "thin" ? [4, 4] : undefined) : (style === "main" ? undefined : [4, 4]),
      });
    });
    if (steps && !alone && !fields.length && run.steps.step.length) {
      out.push({ label: run.short, x: run.steps.step.map(s => xOf(run, s)), y: run.steps[steps], colour: () => runColour(r) });
    }
  });
  return out;
}

function charts(runs) {
  const several = runs.length > 1;
  const speed = runs.some(r => r.steps.step.length) ? curvesOf(runs, [], "images_per_s") : curvesOf(runs, [["images_per_s", "epoch", "main"]]);
  const rate = runs.some(r => r.steps.step.length) ? curvesOf(runs, [], "lr") : curvesOf(runs, [["lr", "epoch", "main"]]);
  return el("div", { class: "grid" },
    chart("Loss", "", curvesOf(runs, [["train_loss", "train", ""], ["test_loss", "test", "main"]], several ? null : "loss")),
    chart("Accuracy", "%", curvesOf(runs, several ? [["train_acc1", "train", ""], ["test_acc1", "test", "main"]] : [["train_acc1", "train", ""], ["test_acc1", "test", "main"], ["test_acc5", "test, top 5", "thin"]]), 2),
    chart("Learning rate", "", rate),
    chart("Speed", "images/s", speed, 0),
    chart("Peak memory", "GB", curvesOf(runs.map(r => ({ ...r, epochs: r.epochs.map(e => ({ ...e, gb: e.peak_memory_bytes == null ? null : e.peak_memory_bytes / 1e9 })) })), [["gb", "resident", "main"]]), 2),
    chart("Time", "seconds an epoch", curvesOf(runs, [["seconds", "epoch", "main"]]), 1));
}

// ---- one run ----

function tiles(run) {
  const now = state.live[run.name] || {}, end = last(run.epochs), top = best(run);
  const epochs = now.epochs || +run.config.epochs || null;
  const done = now.running ? (now.step / (now.stepsPerEpoch * epochs)) : end && epochs ? end.epoch / epochs : null;
  const tile = (value, words, more) => el("div", { class: "tile" }, el("b", {}, value), el("span", {}, words), more);
  const bar = done == null ? null : el("div", { class: "bar" }, el("i", { style: "width:" + Math.min(100, 100 * done).toFixed(1) + "%" }));
  const spent = run.epochs.reduce((sum, e) => sum + (e.seconds || 0), 0);
  return el("div", { class: "tiles" },
    tile((now.running ? now.epoch : end ? end.epoch : 0) + " / " + (epochs || "?"), now.running ? "epoch, " + time(now.secondsLeft) + " left" : "epochs", bar),
    tile(percent(top && top.test_acc1), top ? "best test accuracy, epoch " + top.epoch : "test accuracy"),
    tile(percent(now.running ? now.accuracy : end && end.train_acc1), "train accuracy" + (now.running ? ", this epoch" : "")),
    tile(number(now.running ? now.loss : end && end.train_loss, 4), "train loss" + (now.running ? ", this epoch" : "")),
    tile(number(now.running ? now.imagesPerSecond : end && end.images_per_s, 0), "images/s"),
    tile(bytes(end && end.peak_memory_bytes), "peak memory"),
    tile(time(spent), "in epochs"));
}

function epochTable(run) {
  const top = best(run), cell = (e, text) => el("td", { class: e === top ? "best" : null }, text);
  const rows = run.epochs.slice().reverse().map(e => el("tr", {}, el("td", {}, e.epoch), el("td", {}, small(e.lr)),
    el("td", {}, number(e.train_loss, 4)), el("td", {}, percent(e.train_acc1)), el("td", {}, number(e.test_loss, 4)),
    cell(e, percent(e.test_acc1)), el("td", {}, percent(e.test_acc5)), el("td", {}, number(e.images_per_s, 0)), el("td", {}, time(e.seconds))));
  const head = ["epoch", "rate", "train loss", "accuracy", "test loss", "accuracy", "top 5", "images/s", "time"];
  return el("section", { class: "card wide" }, el("h2", {}, "Epochs"),
    el("div", { class: "scroll" }, el("table", {}, el("thead", {}, el("tr", {}, head.map(h => el("th", {}, h)))), el("tbody", {}, rows))));
}

function confusion(found) {
  const names = found.classes, counts = found.confusion, title = el("h2", {}, "Confusion ", el("small", {}, "rows: the class; columns: what it was taken for"));
  const sums = counts.map(row => row.reduce((a, b) => a + b, 0));
  if (names.length > 20) {
    const pairs = [];
    counts.forEach((row, a) => row.forEach((n, b) => { if (a !== b && n) pairs.push([n, a, b]); }));
    pairs.sort((p, q) => q[0] - p[0]);
    return el("section", { class: "card" }, el("h2", {}, "Most often mixed up"), el("div", { class: "scroll" }, el("table", {},
      el("thead", {}, el("tr", {}, el("th", {}, "class"), el("th", {}, "taken for"), el("th", {}, "times"))),
      el("tbody", {}, pairs.slice(0, 30).map(([n, a, b]) => el("tr", {}, el("td", {}, names[a]), el("td", {}, names[b]), el("td", {}, n + " of " + sums[a])))))));
  }
  const cell = (n, a, b) => {
    const share = sums[a] ? n / sums[a] : 0, strength = a === b ? share * .55 : Math.min(.75, share * 3);
    return el("td", { class: n ? null : "zero", title: names[a] + " taken for " + names[b], style: n ? "background:rgba(var(" + (a === b ? "--heat" : "--miss") + ")," + strength.toFixed(3) + ")" : null }, n || "·");
  };
  return el("section", { class: "card" }, title, el("div", { class: "scroll", style: "max-height:none" }, el("table", { class: "matrix" },
    el("thead", {}, el("tr", {}, el("th", {}), names.map(name => el("th", {}, el("span", {}, name))), el("th", {}, ""))),
    el("tbody", {}, counts.map((row, a) => el("tr", {}, el("th", {}, names[a]), row.map((n, b) => cell(n, a, b)), el("th", {}, sums[a] ? number(100 * counts[a][a] / sums[a], 1) + " %" : "")))))));
}

function mistakes(found) {
  return el("section", { class: "card" }, el("h2", {}, "Surest mistakes ", el("small", {}, "what it is, and what it was taken for")),
    found.mistakes.length ? el("div", { class: "sheet" }, found.mistakes.map(m => el("figure", { title: "test image " + m.image },
      el("img", { src: "data:image/png;base64," + m.png, alt: "" }), el("figcaption", {}, el("b", {}, found.classes[m.label]), found.classes[m.taken]))))
      : el("p", { class: "quiet" }, "none"));
}

function layerTimes(found) {
  const all = found.layers.map(l => ({ ...l, sum: l.forward_ms + l.backward_ms })), total = all.reduce((s, l) => s + l.sum, 0);
  const shown = new Set(all.slice().sort((a, b) => b.sum - a.sum).slice(0, 24));
  const rows = all.filter(l => shown.has(l)), most = Math.max(...rows.map(l => l.sum)), rest = all.filter(l => !shown.has(l));
  const part = ms => el("i", { style: "width:" + (100 * ms / most).toFixed(2) + "%" });
  return el("section", { class: "card" },
    el("h2", {}, "Time per layer ", el("small", { class: "key" }, number(total, 1) + " ms for " + found.layer_images + " images ", el("i", { style: "background:var(--c0)" }), "forward", el("i", { style: "background:var(--c1)" }), "backward")),
    el("div", { class: "layers" }, rows.map(l => [el("span", { title: l.kind + " " + l.output }, l.name || l.kind), el("div", {}, part(l.forward_ms), part(l.backward_ms)), el("em", {}, number(l.sum, 2) + " ms")]),
      rest.length ? [el("span", { class: "quiet" }, rest.length + " others"), el("div", {}), el("em", {}, number(rest.reduce((s, l) => s + l.sum, 0), 2) + " ms")] : null));
}

function settings(run) {
  const rows = Object.entries(run.config).filter(([, value]) => value !== "").map(([key, value]) => el("div", {}, el("dt", {}, key), el("dd", {}, String(value))));
  return el("details", { class: "card" }, el("summary", {}, "Settings, versions, machine"), el("dl", { class: "settings" }, rows));
}

function details(run) {
  const found = run.evaluation;
  const more = found
    ? [el("div", { class: "grid" }, confusion(found), mistakes(found)), found.layers && found.layers.length ? el("div", { class: "grid" }, layerTimes(found)) : null]
    : [el("p", { class: "quiet" }, "No evaluation yet: the confusion matrix, the surest mistakes and the time per layer come with the first epoch that is tested.")];
  return [...more, el("div", { class: "grid" }, epochTable(run)), settings(run)];
}

// ---- several runs ----

function runTable(runs) {
  const head = ["run", "model", "data", "epochs", "best test", "last test", "train loss", "images/s", "memory"];
  const row = (run, i) => {
    const end = last(run.epochs) || {}, top = best(run), now = state.live[run.name] || {};
    return el("tr", { "data-run": run.name, class: run.name === state.chosen ? "chosen" : null, onclick: () => { state.chosen = run.name; draw(); } },
      el("td", {}, el("i", { class: "dot", style: "background:var(--c" + i % 6 + ")" }), run.short), el("td", {}, run.config.model), el("td", {}, run.config.data),
      el("td", {}, (now.running ? now.epoch : end.epoch || 0) + " / " + run.config.epochs), el("td", { class: "best" }, percent(top && top.test_acc1)), el("td", {}, percent(end.test_acc1)),
      el("td", {}, number(end.train_loss, 4)), el("td", {}, number(end.images_per_s, 0)), el("td", {}, bytes(end.peak_memory_bytes)));
  };
  return el("section", { class: "card wide", style: "margin-bottom:14px" }, el("div", { class: "scroll" },
    el("table", { class: "runs" }, el("thead", {}, el("tr", {}, head.map(h => el("th", {}, h)))), el("tbody", {}, runs.map(row)))));
}

const MACHINE = ["out", "git_commit", "resume"];
function differences(runs) {
  const keys = [...new Set(runs.flatMap(run => Object.keys(run.config)))].filter(key => !MACHINE.includes(key) && new Set(runs.map(run => String(run.config[key]))).size > 1);
  if (!keys.length) return null;
  return el("div", { class: "grid" }, el("section", { class: "card wide" }, el("h2", {}, "What differs"), el("div", { class: "scroll" }, el("table", {},
    el("thead", {}, el("tr", {}, el("th", {}, ""), runs.map(run => el("th", {}, run.short)))),
    el("tbody", {}, keys.map(key => el("tr", {}, el("td", { class: "quiet" }, key), runs.map(run => el("td", {}, String(run.config[key] ?? "–"))))))))));
}

// ---- the page ----

function axisSwitch() {
  const button = by => el("button", { type: "button", "aria-pressed": String(state.by === by), onclick: () => { state.by = by; draw(); } }, by + "s");
  return el("div", { class: "switch" }, button("epoch"), button("step"));
}

let drawn = [];
function draw() {
  const runs = state.runs.filter(run => run.config), open = [...document.querySelectorAll("details")].some(d => d.open), y = window.scrollY;
  drawn.forEach(plot => plot.destroy());
  state.plots = [];
  if (!runs.length) {
    here.replaceChildren(el("p", { class: "quiet" }, "No run yet."));
    return;
  }
  const several = runs.length > 1;
  const chosen = runs.find(run => run.name === state.chosen) || runs[runs.length - 1];
  state.chosen = chosen.name;
  runs.forEach(run => run.short = run.name.replace(/^.*\//, ""));
  const about = run => [run.config.model + " on " + run.config.data, run.config.model_parameters ? number(run.config.model_parameters, 0) + " parameters" : null, "batch " + run.config["batch-size"], run.config.optimizer, "seed " + run.config.seed].filter(Boolean).join(" · ");
  document.title = (several ? runs.length + " runs" : chosen.short) + " – Athanor";
  document.getElementById("title").textContent = several ? runs.length + " runs" : chosen.short;
  document.getElementById("subtitle").textContent = (several ? "" : about(chosen)) + (state.offline ? " · the program that served this page has ended" : "");
  const running = runs.some(run => (state.live[run.name] || {}).running);
  const parts = several
    ? [runTable(runs), el("div", { class: "above" }, el("span", { class: "quiet" }, "solid: test, dashed: train"), axisSwitch()), charts(runs), differences(runs), el("h1", { style: "margin:22px 0 4px" }, chosen.short), el("p", { class: "quiet", style: "margin:0 0 14px" }, about(chosen)), tiles(chosen), ...details(chosen)]
    : [tiles(chosen), el("div", { class: "above" }, el("span", { class: "quiet" }, running ? "training" : ""), axisSwitch()), charts(runs), ...details(chosen)];
  here.replaceChildren(...parts.filter(Boolean));
  drawn = state.plots.map(make => make());
  here.dataset.drawn = 1 + +(here.dataset.drawn || 0);
  if (open) document.querySelectorAll("details").forEach(d => d.open = true);
  window.scrollTo(0, y);
}

document.getElementById("theme").addEventListener("click", () => {
  const root = document.documentElement, dark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  root.dataset.theme = dark ? "light" : "dark";
  drawn.forEach(plot => plot.redraw());
});
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => drawn.forEach(plot => plot.redraw()));

// ---- where the runs come from ----

const stamps = {};
async function follow() {
  let changed = false;
  try {
    const list = await (await fetch("runs.json")).json();
    for (const { name, stamp, live } of list) {
      changed ||= JSON.stringify(state.live[name]) !== JSON.stringify(live);
      state.live[name] = live || {};
      if (stamps[name] !== stamp) {
        const run = await (await fetch("run.json?run=" + encodeURIComponent(name))).json();
        const at = state.runs.findIndex(other => other.name === name);
        if (at < 0) state.runs.push(run); else state.runs[at] = run;
        stamps[name] = stamp;
        changed = true;
      }
    }
    const names = new Set(list.map(run => run.name));
    changed ||= state.runs.some(run => !names.has(run.name)) || state.offline;
    state.runs = state.runs.filter(run => names.has(run.name));
    state.offline = false;
  } catch (problem) {
    changed = !state.offline;
    state.offline = true;
    for (const live of Object.values(state.live)) live.running = false;
  }
  if (changed || !drawn.length) draw();
  setTimeout(follow, 2000);
}

const stored = document.getElementById("data").textContent.trim();
if (stored) {
  state.runs = JSON.parse(stored);
  draw();
} else {
  follow();
}
