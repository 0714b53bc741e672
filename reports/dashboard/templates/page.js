"use strict";
(() => {
  const read = (id) => JSON.parse(document.getElementById(id).textContent);
  const figures = read("figures-data");
  const templates = read("templates-data");
  const strip = read("strip-data");
  const systemDark = window.matchMedia("(prefers-color-scheme: dark)");
  const config = { responsive: true, displaylogo: false, typesetMath: false, displayModeBar: "hover", modeBarButtonsToRemove: ["select2d", "lasso2d"] };
  const plots = () => [...document.querySelectorAll(".plot")];

  // Theme: the system's until the reader chooses; printing is always light.
  const stored = () => { try { return localStorage.getItem("deltasim-theme"); } catch { return null; } };
  const store = (theme) => { try { localStorage.setItem("deltasim-theme", theme); } catch { /* not from file:// */ } };
  let theme = stored() || (systemDark.matches ? "dark" : "light");

  function showTheme(name, sizeOf = () => ({})) {
    document.documentElement.dataset.theme = name;
    const button = document.getElementById("theme");
    button.textContent = name === "dark" ? "Light" : "Dark";
    button.setAttribute("aria-label", `Switch to ${name === "dark" ? "light" : "dark"} colours`);
    return Promise.all(plots().filter((plot) => plot.data).map((plot) => Plotly.relayout(plot, { template: templates[name], ...sizeOf(plot) })));
  }

  document.getElementById("theme").addEventListener("click", () => {
    theme = theme === "dark" ? "light" : "dark";
    store(theme);
    showTheme(theme);
  });
  systemDark.addEventListener("change", (event) => {
    if (!stored()) showTheme(theme = event.matches ? "dark" : "light");
  });

  // Plots: one figure each, or one of several that radio buttons choose.
  function draw(plot, name) {
    const figure = figures[name];
    const layout = { ...structuredClone(figure.layout), template: templates[document.documentElement.dataset.theme] };
    if (plot.layout && plot.hasAttribute("data-strip")) layout.yaxis.type = plot.layout.yaxis.type;
    if (plot.layout && plot.matches("[data-strip], [data-follows]")) layout.xaxis.range = [...plot.layout.xaxis.range];
    return Plotly.react(plot, figure.data, layout, config);
  }

  for (const radio of document.querySelectorAll(".choice input")) {
    radio.addEventListener("change", () => {
      draw(document.getElementById(radio.dataset.plot), radio.value).then((plot) => followStrip(plot));
    });
  }

  // The frames themselves, under the plot whose x axis counts them.
  const clamp = (value, least, largest) => Math.min(Math.max(value, least), largest);

  const element = (kind, className, text = "") => Object.assign(document.createElement(kind), { className, textContent: text });

  // One address for all pictures: a browser would decode a data: URL again for each of them.
  function sheetAddress({ url }) {
    const content = Uint8Array.from(atob(url.slice(url.indexOf(",") + 1)), (letter) => letter.charCodeAt(0));
    return URL.createObjectURL(new Blob([content], { type: "image/png" }));
  }
  const pictures = strip && strip.sheet ? sheetAddress(strip.sheet) : "";

  function namedLines(frame, right) {
    return strip.lines.map(({ colour, classes }, number) => {
      const line = element("div", right || !number ? "line" : "line wrong");
      const key = element("span", "key");
      key.style.background = colour || "currentColor";
      line.append(key, element("span", "", classes[frame]));
      return line;
    });
  }

  function shortAnswer(answer, truth) {
    const right = truth === null || answer === truth;
    return [element("div", right ? "answer" : "answer wrong", right ? answer : `${answer}≠${truth}`)];
  }

  // Frames are counted from 0 here; what is shown is their number in the source.
  const numberOf = (index) => (strip.first || 0) + index * (strip.step || 1);
  const indexOf = (number) => (number - (strip.first || 0)) / (strip.step || 1);

  // Frames that have a picture: the first ones, or those that the strip names.
  const pictured = strip && strip.sheet ? strip.shown || [...Array(strip.sheet.count).keys()] : [];
  const lastPictured = pictured.length ? pictured[pictured.length - 1] : -1;

  function cell(frame, number, width, centre) {
    const { sheet, lines } = strip;
    const height = width * sheet.height / sheet.width;
    const place = element("div", "frame"), picture = element("div", "picture");
    place.style.left = `${centre - width / 2}px`;
    place.style.width = `${width}px`;
    picture.style.cssText = `width:${width}px;height:${height}px;background-image:url(${pictures});` +
      `background-size:${width * sheet.columns}px ${height * sheet.rows}px;` +
      `background-position:-${width * (number % sheet.columns)}px -${height * Math.floor(number / sheet.columns)}px`;
    place.title = [`frame ${numberOf(frame)}`, lines.map(({ name, classes }) => `${name} ${classes[frame]}`).join(", ")].filter(Boolean).join(": ");
    picture.setAttribute("role", "img");
    picture.setAttribute("aria-label", place.title);
    place.append(picture);
    if (!lines.length) return place;
    const answer = lines.at(-1).classes[frame], truth = lines.length > 1 ? lines[0].classes[frame] : null;
    place.append(...(strip.wide ? namedLines(frame, truth === null || answer === truth) : shortAnswer(answer, truth)));
    if (strip.wide && truth !== null) picture.append(answer === truth ? element("span", "badge", "=") : element("span", "badge wrong", "≠"));
    return place;
  }

  function followStrip(plot) {
    if (!plot.hasAttribute("data-strip")) return;
    const place = document.getElementById("strip");
    const { l: left, w: width } = plot._fullLayout._size;
    const [from, to] = plot._fullLayout.xaxis.range.map(indexOf);
    document.getElementById("window-from").value = numberOf(Math.max(0, Math.ceil(from)));
    place.replaceChildren();
    place.className = strip.wide ? "wide" : "";
    if (!strip.sheet) return;
    const size = strip.wide ? clamp(width / 9, 84, 112) : clamp(width / 24, 26, 48);
    const every = Math.max(1, Math.ceil((size + (strip.wide ? 8 : 4)) * (to - from) / width));
    let next = from;
    pictured.forEach((frame, number) => {
      if (frame < next || frame > to) return;
      const centre = left + (frame - from) / (to - from) * width;
      if (!place.children.length || centre + size / 2 <= plot.clientWidth) place.append(cell(frame, number, size, centre));
      next = frame + every;
    });
    const heights = [...place.children].map((each) => each.scrollHeight);
    place.style.height = `${Math.max(0, ...heights) + 4}px`;
    document.getElementById("strip-note").hidden = Math.floor(to) <= lastPictured || Boolean(strip.shown);
  }

  // Plots with frames on their x axis show those that the plot with the strip shows.
  function showSameFrames(plot) {
    const [from, to] = plot._fullLayout.xaxis.range;
    for (const other of document.querySelectorAll("[data-follows]")) {
      const [otherFrom, otherTo] = other._fullLayout.xaxis.range;
      if (Math.abs(otherFrom - from) + Math.abs(otherTo - to) > 1e-9) Plotly.relayout(other, { "xaxis.range": [from, to] });
    }
  }

  function showWindow(from, count) {
    const plot = document.querySelector("[data-strip]");
    const size = Math.min(count, strip.frames);
    const first = clamp(from, 0, strip.frames - size);
    return Plotly.relayout(plot, { "xaxis.range": [numberOf(first - 0.5), numberOf(first + size - 0.5)] });
  }

  function listenToStrip(plot) {
    const size = () => Number(document.getElementById("window-size").value) || strip.frames;
    const from = () => Math.max(0, Math.ceil(indexOf(plot._fullLayout.xaxis.range[0])));
    const moves = { first: () => 0, earlier: () => from() - size(), later: () => from() + size(), last: () => strip.frames };
    Object.assign(document.getElementById("window-from"), { min: numberOf(0), max: numberOf(strip.frames - 1), step: strip.step || 1 });
    for (const button of document.querySelectorAll("[data-move]")) {
      button.addEventListener("click", () => showWindow(moves[button.dataset.move](), size()));
    }
    document.getElementById("window-size").addEventListener("change", () => showWindow(from(), size()));
    document.getElementById("window-from").addEventListener("change", (event) => showWindow(Math.round(indexOf(Number(event.target.value))) || 0, size()));
    document.getElementById("logarithmic").addEventListener("change", (event) => {
      Plotly.relayout(plot, { "yaxis.type": event.target.checked ? "log" : "linear", "yaxis.autorange": true });
    });
    plot.on("plotly_afterplot", () => { followStrip(plot); showSameFrames(plot); });
    return showWindow(0, size());
  }

  // Paper: light, and no wider than the page; what needs more for its labels is made smaller as a whole.
  const paper = 680;
  function paperSize(plot) {
    const width = Math.max(paper, parseFloat(getComputedStyle(plot).getPropertyValue("--least")) || 0);
    plot.style.zoom = paper / width;
    return { width, autosize: false };
  }
  function screenSize(plot) {
    plot.style.zoom = "";
    return { width: null, autosize: true };
  }
  let printing = false;
  function beginPrint() {
    if (printing) return;
    printing = true;
    for (const fold of document.querySelectorAll("details[data-print]")) fold.open = true;
    showTheme("light", paperSize);
  }
  function endPrint() {
    if (!printing) return;
    printing = false;
    showTheme(theme, screenSize);
  }
  window.addEventListener("beforeprint", beginPrint);
  window.addEventListener("afterprint", endPrint);
  window.matchMedia("print").addEventListener("change", (event) => (event.matches ? beginPrint() : endPrint()));

  showTheme(theme);
  const drawn = plots().map((plot) => draw(plot, plot.dataset.figure));
  Promise.all(drawn).then(() => {
    const plot = document.querySelector("[data-strip]");
    return plot ? listenToStrip(plot) : null;
  }).then(() => { document.documentElement.dataset.drawn = "true"; });
})();
