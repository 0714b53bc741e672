"use strict";
(() => {
  const read = (id) => JSON.parse(document.getElementById(id).textContent);
  const figures = read("figures-data");
  const templates = read("templates-data");
  const strip = read("strip-data");
  const systemDark = window.matchMedia("(prefers-color-scheme: dark)");
  const config = { responsive: true, displaylogo: false, displayModeBar: "hover", modeBarButtonsToRemove: ["select2d", "lasso2d"] };
  const plots = () => [...document.querySelectorAll(".plot")];

  // Theme: the system's until the reader chooses; printing is always light.
  const stored = () => { try { return localStorage.getItem("deltasim-theme"); } catch { return null; } };
  const store = (theme) => { try { localStorage.setItem("deltasim-theme", theme); } catch { /* not from file:// */ } };
  let theme = stored() || (systemDark.matches ? "dark" : "light");

  function showTheme(name, size = {}) {
    document.documentElement.dataset.theme = name;
    const button = document.getElementById("theme");
    button.textContent = name === "dark" ? "Light" : "Dark";
    button.setAttribute("aria-label", `Switch to ${name === "dark" ? "light" : "dark"} colours`);
    return Promise.all(plots().filter((plot) => plot.data).map((plot) => Plotly.relayout(plot, { template: templates[name], ...size })));
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
    if (plot.layout && plot.hasAttribute("data-strip")) {
      layout.xaxis.range = [...plot.layout.xaxis.range];
      layout.yaxis.type = plot.layout.yaxis.type;
    }
    return Plotly.react(plot, figure.data, layout, config);
  }

  for (const radio of document.querySelectorAll(".choice input")) {
    radio.addEventListener("change", () => {
      draw(document.getElementById(radio.dataset.plot), radio.value).then((plot) => followStrip(plot));
    });
  }

  // The frames themselves, under the plot whose x axis counts them.
  const clamp = (value, least, largest) => Math.min(Math.max(value, least), largest);

  function cell(frame, width, centre) {
    const { sheet } = strip;
    const height = width * sheet.height / sheet.width;
    const element = document.createElement("div");
    element.className = "frame";
    element.style.left = `${centre - width / 2}px`;
    element.style.width = `${width}px`;
    const picture = document.createElement("div");
    picture.className = "picture";
    picture.style.cssText = `width:${width}px;height:${height}px;background-image:url(${sheet.url});` +
      `background-size:${width * sheet.columns}px ${height * sheet.rows}px;` +
      `background-position:-${width * (frame % sheet.columns)}px -${height * Math.floor(frame / sheet.columns)}px`;
    const caption = document.createElement("div");
    const answer = strip.answers[frame], truth = strip.truth ? strip.truth[frame] : null;
    const right = truth === null || answer === truth;
    caption.className = right ? "answer" : "answer wrong";
    caption.textContent = right ? answer : `${answer}≠${truth}`;
    element.title = `frame ${frame}: ${strip.network} answers ${answer}` + (truth === null ? "" : `, ${strip.truthName} ${truth}`);
    picture.setAttribute("role", "img");
    picture.setAttribute("aria-label", element.title);
    element.append(picture, caption);
    return element;
  }

  function followStrip(plot) {
    if (!plot.hasAttribute("data-strip")) return;
    const place = document.getElementById("strip");
    const { l: left, w: width } = plot._fullLayout._size;
    const [from, to] = plot._fullLayout.xaxis.range;
    document.getElementById("window-from").value = Math.max(0, Math.ceil(from));
    place.replaceChildren();
    if (!strip.sheet) return;
    const first = Math.max(0, Math.ceil(from)), last = Math.min(strip.sheet.count - 1, Math.floor(to));
    const size = clamp(width / 24, 26, 48);
    const every = Math.max(1, Math.ceil((size + 4) * (to - from) / width));
    for (let frame = first; frame <= last; frame += every) {
      place.append(cell(frame, size, left + (frame - from) / (to - from) * width));
    }
    place.style.height = `${size * strip.sheet.height / strip.sheet.width + 22}px`;
    document.getElementById("strip-note").hidden = Math.floor(to) < strip.sheet.count;
  }

  function showWindow(from, count) {
    const plot = document.querySelector("[data-strip]");
    const size = Math.min(count, strip.frames);
    const first = clamp(from, 0, strip.frames - size);
    return Plotly.relayout(plot, { "xaxis.range": [first - 0.5, first + size - 0.5] });
  }

  function listenToStrip(plot) {
    const size = () => Number(document.getElementById("window-size").value) || strip.frames;
    const from = () => Math.max(0, Math.ceil(plot._fullLayout.xaxis.range[0]));
    const moves = { first: () => 0, earlier: () => from() - size(), later: () => from() + size(), last: () => strip.frames };
    for (const button of document.querySelectorAll("[data-move]")) {
      button.addEventListener("click", () => showWindow(moves[button.dataset.move](), size()));
    }
    document.getElementById("window-size").addEventListener("change", () => showWindow(from(), size()));
    document.getElementById("window-from").addEventListener("change", (event) => showWindow(Number(event.target.value) || 0, size()));
    document.getElementById("logarithmic").addEventListener("change", (event) => {
      Plotly.relayout(plot, { "yaxis.type": event.target.checked ? "log" : "linear", "yaxis.autorange": true });
    });
    plot.on("plotly_afterplot", () => followStrip(plot));
    return showWindow(0, size());
  }

  // Paper: light, and no wider than the page.
  let printing = false;
  function beginPrint() {
    if (printing) return;
    printing = true;
    for (const fold of document.querySelectorAll("details[data-print]")) fold.open = true;
    showTheme("light", { width: 680, autosize: false });
  }
  function endPrint() {
    if (!printing) return;
    printing = false;
    showTheme(theme, { width: null, autosize: true });
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
