// The errors: filter by reason, and more rows on demand.

class ErrorsView {
  constructor(root) {
    this.rows = [...root.querySelectorAll("tbody tr")];
    this.status = root.querySelector("[role=status]");
    this.more = root.querySelector(".more");
    this.form = root.querySelector("form");
    this.form.hidden = false;
    this.form.addEventListener("input", () => this.#show(PAGE));
    this.more.addEventListener("click", () => this.#show(this.limit + PAGE));
    this.#show(PAGE);
  }

  #show(limit) {
    this.limit = limit;
    const reason = this.form.elements.reason.value;
    const matching = this.rows.filter((row) => !reason || row.dataset.reasons.split(" ").includes(reason));
    const visible = new Set(matching.slice(0, limit));
    for (const row of this.rows) row.hidden = !visible.has(row);
    this.more.hidden = matching.length <= limit;
    this.status.textContent = `${counts.format(visible.size)} of ${counted(matching.length, "error")} shown`;
  }
}
