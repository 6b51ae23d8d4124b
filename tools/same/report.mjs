// What is printed: a line for each compared thing, times of parts, and a summary.

const mostCharacters = 600;

const short = (text) => (text.length > mostCharacters ? `${text.slice(0, mostCharacters)} ...` : text);

/** Lines of a comparison, and its counts. */
export class Report {
  #equal = 0;
  #differing = [];
  #skipped = 0;
  #start = performance.now();
  #output;

  constructor(output) {
    this.#output = output;
  }

  #line(text) {
    this.#output.write(`${text}\n`);
  }

  equal(name) {
    this.#equal++;
    this.#line(`equal ${name}`);
  }

  differs(name, difference) {
    this.#differing.push(name);
    this.#line(`differs ${name}\n  ${short(difference).replaceAll('\n', '\n  ')}`);
  }

  /** One compared thing: `difference` is undefined where it is equal. */
  compared(name, difference) {
    if (difference === undefined) this.equal(name);
    else this.differs(name, difference);
  }

  skipped(name, reason) {
    this.#skipped++;
    this.#line(`skipped ${name}: ${reason}`);
  }

  /** Runs a part; a failure of it is a difference, and the next part goes on. */
  async part(name, body) {
    const start = performance.now();
    try {
      await body();
    } catch (error) {
      this.differs(name, error.stack ?? String(error));
    }
    this.#line(`# ${name}: ${((performance.now() - start) / 1000).toFixed(1)} s`);
  }

  /** Prints the summary; the exit code. */
  end() {
    const seconds = ((performance.now() - this.#start) / 1000).toFixed(0);
    for (const name of this.#differing) this.#line(`  differs: ${name}`);
    this.#line(`${this.#equal} equal, ${this.#differing.length} differ, ${this.#skipped} skipped (${seconds} s)`);
    return this.#differing.length === 0 && this.#equal > 0 ? 0 : 1;
  }
}
