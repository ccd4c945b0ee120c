// The dictionary that a server answers: a source of DictionaryView (see carried-dictionary.js),
// and a view whose address names the word, so that "back" works.

const SUGGESTIONS = 20;
const PAUSE = 120; // milliseconds without a key before a search

class ServedDictionary {
  constructor(languages) {
    this.languages = languages;
    this.waiting = null;
  }

  /** Find the typed word or phrase, and words that begin with it. */
  async search({ direction, text }) {
    this.waiting?.abort();
    const { signal } = (this.waiting = new AbortController());
    const none = { count: 0, others: 0, entry: () => null };
    try {
      await new Promise((resolve) => setTimeout(resolve, PAUSE));
      signal.throwIfAborted();
      const typed = text.trim();
      const words = await this.#complete(direction, typed, signal);
      const asked = [...new Set(typed ? [typed, ...words] : words)];
      const k = Math.min(10, this.languages[1 - direction].words);
      const { results } = await this.#ask("translate", { from: this.#code(direction), k }, signal, asked);
      const entries = chosen(results, typed, words).map((each) => this.#entry(direction, each));
      const isAnswered = entries.some(({ answers }) => answers.length);
      const others = isAnswered ? [] : await this.#complete(1 - direction, typed, signal);
      const note = described(typed, entries.length, words.length);
      return { count: entries.length, entry: (i) => entries[i], others: others.length, note };
    } catch (error) {
      // A search that was overtaken is not shown at all.
      return { ...none, note: error instanceof TypeError ? "The server does not answer" : error.message };
    }
  }

  #code(language) {
    return this.languages[language].code;
  }

  async #complete(language, prefix, signal) {
    const query = { prefix, from: this.#code(language), k: SUGGESTIONS };
    return (await this.#ask("complete", query, signal)).words;
  }

  async #ask(path, query, signal, words) {
    const sent = words && { method: "POST", body: JSON.stringify(words) };
    const answer = await fetch(`/api/${path}?${new URLSearchParams(query)}`, { signal, ...sent });
    const facts = await answer.json().catch(() => ({ error: `The server answered ${answer.status}` }));
    if (!answer.ok) throw new Error(facts.error);
    return facts;
  }

  #entry(direction, { word, rank, origin, answers, reason, similar }) {
    const near = () => this.#neighbors(direction, word);
    return {
      word,
      rank,
      answers,
      note: reason ?? (origin === "subwords" ? "Not in the vocabulary: translated by its letters." : ""),
      similar: similar.length ? [{ language: direction, title: "Similar spelling", words: similar }] : [],
      get neighbors() {
        return answers.length ? near() : [];
      },
    };
  }

  async #neighbors(direction, word) {
    const query = { word, from: this.#code(direction), k: 10 };
    try {
      const { neighbors } = await this.#ask("neighbors", query);
      return [direction, 1 - direction].map((language) => ({
        language,
        title: `Near in ${shown(this.languages[language].name)}`,
        words: neighbors[this.#code(language)].map((each) => each.word),
      }));
    } catch {
      return [];
    }
  }
}

/** Describe the words that are shown. */
function described(typed, count, suggested) {
  if (!typed) return `The ${counted(count, "most frequent word")}`;
  if (suggested < SUGGESTIONS) return counted(count, "word");
  return `The word, and the ${suggested} most frequent words with this beginning`;
}

/** Order entries: the same letters first; the typed word only if no other has them. */
function chosen(results, typed, words) {
  const key = fold(typed);
  const same = words.filter((word) => fold(word) === key);
  const isKnown = ({ word, origin }) => word === typed && origin === "vocabulary";
  const hidden = !words.includes(typed) && same.length && results.some(isKnown) ? typed : null;
  const kept = results.filter(({ word }) => word !== hidden);
  return kept.sort((a, b) => (fold(b.word) === key) - (fold(a.word) === key));
}

class ServedView extends DictionaryView {
  constructor(root, source) {
    super(root, source);
    this.form.elements.text.placeholder = "Type a word or phrase";
    this.form.addEventListener("submit", () => {
      const { direction, text } = this.form.elements;
      if (text.value.trim()) this.look(text.value.trim(), Number(direction.value));
    });
    addEventListener("popstate", () => this.#visit());
  }

  start() {
    return location.hash.startsWith("#/") ? this.#visit() : this.search();
  }

  search() {
    const { direction, text } = this.form.elements;
    const language = this.source.languages[direction.value];
    this.isProbability = language.score === "probability";
    this.root.classList.toggle("without-bars", !this.isProbability);
    for (const note of document.querySelectorAll("[data-scale]")) {
      note.hidden = note.dataset.scale !== direction.value;
    }
    const place = this.#place(text.value, Number(direction.value));
    if (location.hash !== place) history.replaceState(null, "", place);
    return super.search();
  }

  look(word, language) {
    const place = this.#place(word, language);
    if (location.hash !== place) history.pushState(null, "", place);
    return super.look(word, language);
  }

  /** Show what the address names. */
  async #visit() {
    const [, code, word] = location.hash.match(/^#\/([^/]*)\/(.*)$/) ?? [];
    const language = this.source.languages.findIndex((each) => encodeURIComponent(each.code) === code);
    if (language < 0) return undefined; // an anchor of the page
    const { direction, text } = this.form.elements;
    direction.value = String(language);
    text.value = decoded(word);
    await this.search();
    if (word) this.list.querySelector(".entry")?.click();
    return undefined;
  }

  #place(word, language) {
    return `#/${encodeURIComponent(this.source.languages[language].code)}/${encodeURIComponent(word.trim())}`;
  }
}

function decoded(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text; // a percent sign that somebody typed
  }
}

startTheme();
const root = document.querySelector(".dictionary");
new ServedView(root, new ServedDictionary(carried("languages"))).start().then(() => {
  root.dataset.ready = "";
});
