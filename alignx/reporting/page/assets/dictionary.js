// The dictionary to search: draws what its source finds (see carried-dictionary.js).

const PAGE = 25;

class DictionaryView {
  constructor(root, source) {
    this.root = root;
    this.source = source;
    this.form = root.querySelector("form");
    this.list = root.querySelector(".entries");
    this.status = root.querySelector("[role=status]");
    this.more = root.querySelector(".more");
    this.hint = root.querySelector(".hint");
    this.isProbability = root.dataset.score === "probability";
    this.found = { count: 0, others: 0 };
    this.searches = 0;
    this.form.addEventListener("input", () => this.search());
    this.form.addEventListener("submit", (event) => event.preventDefault());
    this.more.addEventListener("click", () => this.#showMore());
    this.hint.querySelector("button").addEventListener("click", () => this.#turn());
    for (const button of root.querySelectorAll("[data-export]")) {
      button.addEventListener("click", () => this.#export(button.dataset.export));
    }
    root.addEventListener("keydown", (event) => this.#move(event));
  }

  get #state() {
    const { direction, text, least, most } = this.form.elements;
    return {
      direction: Number(direction.value),
      text: text.value,
      least: Number(least?.value) || -9, // the lowest choice shows all
      most: Number(most?.value) || Infinity,
    };
  }

  /** Search by what the controls say, and show the first entries. */
  async search() {
    const state = this.#state;
    const number = ++this.searches;
    const found = await this.source.search(state);
    if (number !== this.searches) return; // a later search overtook this one
    this.found = found;
    this.state = state;
    this.root.classList.toggle("from-source", state.direction === 0);
    this.root.classList.toggle("from-target", state.direction === 1);
    if (this.form.elements.least) {
      const least = Number(this.form.elements.least.value);
      this.root.querySelector("output").value = least ? `at least ${this.#written(least)}` : "any";
    }
    this.list.replaceChildren();
    this.#showMore();
    this.#showHint();
  }

  #showMore() {
    const start = this.list.children.length;
    const end = Math.min(start + PAGE, this.found.count);
    const items = [];
    for (let i = start; i < end; i++) items.push(this.#item(this.found.entry(i)));
    this.list.append(...items);
    if (start) items[0]?.firstChild.focus();
    this.more.hidden = end === this.found.count;
    this.status.textContent = this.found.count
      ? `${counts.format(end)} of ${counted(this.found.count, "word")} shown`
      : "No word found";
    const box = this.root.querySelector(".export");
    if (!box) return;
    box.hidden = !this.found.count;
    box.querySelector(".size").textContent = counted(this.found.count, "word");
  }

  #showHint() {
    const { others } = this.found;
    this.hint.hidden = !others;
    if (!others) return;
    const { name } = this.source.languages[1 - this.state.direction];
    this.hint.firstElementChild.textContent =
      `${counted(others, "word")} of ${shown(name)} ${others === 1 ? "matches" : "match"}.`;
  }

  #written(score) {
    return this.isProbability ? `${Math.round(100 * score)} %` : score.toFixed(2);
  }

  #score(score) {
    const fill = element("span");
    fill.style.setProperty("--share", Math.min(1, Math.max(0, score)));
    const bar = element("span", "bar", fill);
    return element("span", "score", bar, element("span", "value", this.#written(score)));
  }

  #codes() {
    const { direction } = this.state;
    return [this.source.languages[direction].code, this.source.languages[1 - direction].code];
  }

  #item(entry) {
    const [asked, answered] = this.#codes();
    const best = entry.answers[0];
    const button = element("button", "entry", wordElement(entry.word, "word", asked), " ");
    button.type = "button";
    button.setAttribute("aria-expanded", "false");
    const rank = entry.rank ? `rank ${counts.format(entry.rank)}` : "";
    button.append(element("span", "rank", rank), " ");
    if (best) button.append(wordElement(best.word, "answer", answered), " ", this.#score(best.score));
    else button.append(element("span", "muted", "no answer"));
    const item = element("li", "", button);
    button.addEventListener("click", () => this.#toggle(item, button, entry));
    return item;
  }

  #toggle(item, button, entry) {
    const open = button.getAttribute("aria-expanded") === "false";
    button.setAttribute("aria-expanded", String(open));
    if (open) item.append(this.#details(entry));
    else item.lastChild.remove();
  }

  #details(entry) {
    const { direction } = this.state;
    const answers = element("ol", "answers");
    for (const { word, score } of entry.answers) {
      answers.append(element("li", "", this.#jump(word, 1 - direction), this.#score(score)));
    }
    const details = element("div", "details");
    if (entry.answers.length) {
      details.append(element("div", "", element("h3", "", "All translations"), answers));
    }
    for (const { language, of, words } of entry.neighbors ?? []) {
      if (!words.length) continue;
      const { code } = this.source.languages[language];
      const title = element("h3", "", "Words near ", wordElement(of, "", code));
      const near = element("ol", "near");
      for (const word of words) near.append(element("li", "", this.#jump(word, language)));
      details.append(element("div", "", title, near));
    }
    return details;
  }

  #jump(word, language) {
    const color = language === 0 ? "of-source" : "of-target";
    const button = element("button", `jump ${color}`);
    button.type = "button";
    button.append(wordElement(word, "", this.source.languages[language].code));
    button.addEventListener("click", () => this.look(word, language));
    return button;
  }

  /** Show a word of a language, with its details. */
  async look(word, language) {
    const { direction, text, least, most } = this.form.elements;
    direction.value = String(language);
    text.value = word;
    if (least) least.value = "0";
    if (most) most.value = "";
    await this.search();
    const first = this.list.querySelector(".entry");
    first?.click();
    first?.focus();
  }

  #turn() {
    const { direction, text } = this.form.elements;
    direction.value = String(1 - this.state.direction);
    text.focus();
    return this.search();
  }

  #move(event) {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    const { text } = this.form.elements;
    const places = [text, ...this.list.querySelectorAll(".entry")];
    const at = places.indexOf(event.target);
    if (!step || at < 0 || !places[at + step]) return;
    event.preventDefault();
    places[at + step].focus();
  }

  #export(format) {
    const header = ["word", "translation", this.root.dataset.score, "rank"];
    const rows = [header];
    for (let i = 0; i < this.found.count; i++) {
      const { word, answers, rank } = this.found.entry(i);
      if (answers.length) rows.push([word, answers[0].word, answers[0].score.toFixed(3), rank]);
    }
    const codes = this.#codes().map((code) => code.replace(/[^\w-]/g, ""));
    download(`${codes.join("-")}.${format}`, tableText(rows, format));
  }
}

/** Write rows as tab-separated or comma-separated text. */
function tableText(rows, format) {
  if (format === "tsv") {
    return rows.map((row) => row.map((x) => String(x).replace(/[\t\r\n]/g, " ")).join("\t")).join("\n") + "\n";
  }
  const quoted = (x) => (/[",\r\n]/.test(x) ? `"${x.replaceAll('"', '""')}"` : x);
  // The mark at the start tells spreadsheets that the text is UTF-8.
  return "\ufeff" + rows.map((row) => row.map((x) => quoted(String(x))).join(",") + "\r\n").join("");
}

function download(name, text) {
  const link = element("a");
  link.href = URL.createObjectURL(new Blob([text], { type: "text/plain;charset=utf-8" }));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}
