// The dictionary that a report carries. A source of DictionaryView:
//   languages: [{code, name}, {code, name}]
//   search({direction, text, least, most}) -> Promise of {count, entry(i), others}
// with entry(i) -> {word, rank, answers: [{word, score}], neighbors: [{language, of, words}]}.

class CarriedDictionary {
  static async unpack(carried) {
    const [source, target, forward, backward] = await Promise.all([
      unpackStrings(carried.source),
      unpackStrings(carried.target),
      ...[carried.forward, carried.backward].map(async ({ answers, scores, neighbors }) => ({
        answers: await unpackNumbers(answers, Int32Array),
        scores: await unpackNumbers(scores, Int16Array),
        neighbors: await unpackNumbers(neighbors, Int32Array),
      })),
    ]);
    return new CarriedDictionary(carried.languages, [source, target], [forward, backward]);
  }

  constructor(languages, words, directions) {
    this.languages = languages;
    this.words = words;
    this.directions = directions;
    this.folded = [null, null];
  }

  /** Find words: exact ones first, then those that begin with the text, then those that hold it. */
  async search({ direction, text, least, most }) {
    const rows = this.#matches(direction, text, least, most);
    const others = text && !rows.length ? this.#matches(1 - direction, text, -9, Infinity) : [];
    return {
      count: rows.length,
      entry: (i) => this.#entry(direction, rows[i]),
      others: others.length,
    };
  }

  #matches(direction, text, least, most) {
    const words = this.words[direction];
    const { scores } = this.directions[direction];
    const end = Math.min(words.length, most);
    const lowest = Math.round(least * 1000);
    const [same, exact, prefix, inside] = [[], [], [], []];
    const given = text.trim();
    const query = fold(given);
    const folded = query ? this.#foldedWords(direction) : words;
    for (let row = 0; row < end; row++) {
      if (scores[row] < lowest) continue;
      if (!query) {
        inside.push(row);
        continue;
      }
      const at = folded[row].indexOf(query);
      if (at < 0) continue;
      if (at > 0) inside.push(row);
      else if (folded[row].length > query.length) prefix.push(row);
      else (words[row] === given ? same : exact).push(row);
    }
    return [...[same, exact, prefix].flat(), ...inside];
  }

  #foldedWords(direction) {
    this.folded[direction] ??= this.words[direction].map(fold);
    return this.folded[direction];
  }

  #entry(direction, row) {
    const { answers, scores } = this.directions[direction];
    const found = this.#column(answers, direction, row);
    const best = found[0];
    return {
      word: this.words[direction][row],
      rank: row + 1,
      answers: found.map((answer, i) => ({
        word: this.words[1 - direction][answer],
        score: scores[i * this.words[direction].length + row] / 1000,
      })),
      neighbors: [
        this.#near(direction, row),
        ...(best === undefined ? [] : [this.#near(1 - direction, best)]),
      ],
    };
  }

  #near(language, row) {
    const words = this.words[language];
    const near = this.#column(this.directions[language].neighbors, language, row);
    return { language, of: words[row], words: near.map((i) => words[i]) };
  }

  /** Take the values of a row from arrays that lie column by column, without the -1 at the end. */
  #column(values, direction, row) {
    const step = this.words[direction].length;
    const taken = [];
    for (let at = row; at < values.length && values[at] >= 0; at += step) taken.push(values[at]);
    return taken;
  }
}
