// The map of words, drawn by ECharts: pan, zoom, search, and lines between translations.

const STEP = 1.6; // of one zoom
const WHOLE = { start: 0, end: 100 };
const [LOW, HIGH] = [-300, 11200]; // of the axes: points lie in [0, 10000], labels beside them

class WordMapView {
  static async unpack(root, carried) {
    const words = await Promise.all(carried.words.map(unpackStrings));
    const places = await Promise.all(carried.points.map((part) => unpackNumbers(part, Int16Array)));
    const links = await unpackNumbers(carried.links, Int32Array);
    const points = places.map((flat) =>
      Array.from({ length: flat.length / 2 }, (_, i) => [flat[i], flat[i + flat.length / 2]]),
    );
    const half = links.length / 2;
    const pairs = Array.from({ length: half }, (_, i) => [links[i], links[i + half]]);
    return new WordMapView(root, { ...carried, words, points, pairs });
  }

  constructor(root, data) {
    Object.assign(this, data);
    this.root = root;
    this.status = root.querySelector("[role=status]");
    this.canvas = root.querySelector(".canvas");
    this.window = [WHOLE, WHOLE];
    this.folded = this.words.map((words) => words.map(fold));
    this.chart = echarts.init(this.canvas, null, { renderer: "canvas" });
    this.#draw();
    this.chart.on("datazoom", () => this.#readWindow());
    new ResizeObserver(() => this.chart.resize()).observe(this.canvas);
    onColors(() => this.#draw());
    addEventListener("beforeprint", () => this.#draw());
    root.addEventListener("input", (event) => this.#changed(event.target));
    root.addEventListener("click", (event) => this.#zoom(event.target.dataset.zoom));
    this.canvas.addEventListener("keydown", (event) => this.#key(event));
    root.querySelector("details").addEventListener("toggle", () => this.#list(), { once: true });
  }

  /** Read colors from the page: the probe resolves variables. */
  #colors() {
    const probe = element("span");
    this.root.append(probe);
    const color = (name) => {
      probe.style.color = `var(--${name})`;
      return getComputedStyle(probe).color;
    };
    const names = ["source", "target", "ink", "muted", "line", "raised", "paper"];
    const colors = Object.fromEntries(names.map((name) => [name, color(name)]));
    probe.remove();
    return colors;
  }

  #draw() {
    const colors = this.#colors();
    const lines = this.pairs.flatMap(([s, t]) => [this.points[0][s], this.points[1][t], ["-", "-"]]);
    const axis = { type: "value", show: false, min: LOW, max: HIGH };
    const zoom = { type: "inside", filterMode: "none", zoomOnMouseWheel: "ctrl", minSpan: 1 };
    this.chart.setOption({
      animation: false,
      textStyle: { fontFamily: getComputedStyle(document.body).fontFamily },
      grid: { left: 8, right: 8, top: 8, bottom: 8 },
      xAxis: axis,
      yAxis: axis,
      dataZoom: [
        { ...zoom, xAxisIndex: 0, ...this.window[0] },
        { ...zoom, yAxisIndex: 0, ...this.window[1] },
      ],
      legend: { show: false },
      tooltip: {
        renderMode: "richText", // never HTML: words are the user's
        backgroundColor: colors.raised,
        borderColor: colors.line,
        textStyle: { color: colors.ink },
        formatter: ({ seriesIndex, dataIndex }) => this.#described(seriesIndex - 1, dataIndex),
      },
      series: [
        {
          name: "lines", type: "line", data: lines, symbol: "none", silent: true, z: 1,
          lineStyle: { color: colors.muted, width: 1, opacity: 0.3 },
        },
        this.#series(0, colors, "circle"),
        this.#series(1, colors, "diamond"),
      ],
    });
  }

  #series(language, colors, symbol) {
    const color = language ? colors.target : colors.source;
    return {
      name: `words ${language}`, type: "scatter", data: this.points[language], z: 2,
      symbol,
      // Larger marks keep their label where two would overlap: those of frequent words.
      symbolSize: (_, { dataIndex }) => 9 - (5 * dataIndex) / this.words[language].length, itemStyle: { color, opacity: 0.6 },
      label: {
        show: true, position: "right", distance: 3, color, opacity: 1, fontSize: 12, minMargin: 6,
        textBorderColor: colors.paper, textBorderWidth: 3,
        formatter: ({ dataIndex }) => clipped(this.words[language][dataIndex]),
      },
      labelLayout: { hideOverlap: true },
      emphasis: { itemStyle: { opacity: 1 }, label: { fontWeight: "bold", fontSize: 15 } },
    };
  }

  #partners(language, row) {
    const linked = this.pairs.filter((pair) => pair[language] === row);
    return linked.map((pair) => pair[1 - language]);
  }

  #described(language, row) {
    const other = this.#partners(language, row).map((i) => clipped(this.words[1 - language][i]));
    const word = `${clipped(this.words[language][row])} (${shown(this.languages[language].name)})`;
    return other.length ? `${word}: ${other.join(", ")}` : word;
  }

  #changed(control) {
    if (control.type === "checkbox") {
      this.chart.dispatchAction({ type: "legendToggleSelect", name: control.value });
    } else if (control.type === "search") this.#find(control.value);
  }

  #find(text) {
    this.chart.dispatchAction({ type: "downplay" });
    const query = fold(text.trim());
    if (!query) {
      this.status.textContent = "";
      return this.#show([WHOLE, WHOLE]);
    }
    const tests = [(word) => word === query, (word) => word.startsWith(query), (word) => word.includes(query)];
    for (const test of tests) {
      for (const language of [0, 1]) {
        const row = this.folded[language].findIndex(test);
        if (row >= 0) return this.#center(language, row);
      }
    }
    this.status.textContent = "No word of the map matches";
  }

  #center(language, row) {
    const [x, y] = this.points[language][row];
    const around = (value) => {
      const middle = (100 * (value - LOW)) / (HIGH - LOW);
      return { start: middle - 6, end: middle + 6 };
    };
    this.#show([around(x), around(y)]);
    const partners = this.#partners(language, row);
    this.chart.dispatchAction({ type: "highlight", seriesIndex: language + 1, dataIndex: row });
    this.chart.dispatchAction({ type: "highlight", seriesIndex: 2 - language, dataIndex: partners });
    this.status.textContent = this.#described(language, row);
  }

  #show(window) {
    const batch = window.map((each, dataZoomIndex) => ({ dataZoomIndex, ...each }));
    this.chart.dispatchAction({ type: "dataZoom", batch });
    this.#readWindow();
  }

  #readWindow() {
    this.window = this.chart.getOption().dataZoom.map(({ start, end }) => ({ start, end }));
  }

  #zoom(by) {
    if (by === "all") return this.#show([WHOLE, WHOLE]);
    const factor = { in: 1 / STEP, out: STEP }[by];
    if (!factor) return;
    this.#show(
      this.window.map(({ start, end }) => {
        const half = Math.min(50, ((end - start) * factor) / 2);
        const middle = Math.min(100 - half, Math.max(half, (start + end) / 2));
        return { start: middle - half, end: middle + half };
      }),
    );
  }

  #key(event) {
    const moves = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };
    const zooms = { "+": "in", "=": "in", "-": "out", 0: "all" };
    const move = moves[event.key];
    if (event.ctrlKey || event.metaKey || !(move || zooms[event.key])) return;
    event.preventDefault();
    if (!move) return this.#zoom(zooms[event.key]);
    this.#show(
      this.window.map(({ start, end }, axis) => {
        const size = end - start;
        const from = Math.min(100 - size, Math.max(0, start + (move[axis] * size) / 4));
        return { start: from, end: from + size };
      }),
    );
  }

  /** List the pairs as text, for those who do not see the map. */
  #list() {
    const [source, target] = this.languages;
    const items = this.pairs.map(([s, t]) =>
      element("li", "", wordElement(this.words[0][s], "of-source", source.code), " ",
        wordElement(this.words[1][t], "of-target", target.code)),
    );
    this.root.querySelector(".pairs").append(...items);
  }
}

/** Cut a word short for the canvas, which does not wrap. */
function clipped(word) {
  const letters = [...shown(word)];
  return letters.length > 30 ? `${letters.slice(0, 29).join("")}…` : letters.join("");
}
