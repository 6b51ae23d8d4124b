// One of the two checkouts: its command line and its modules, found through its own node_modules, run in a work folder of its own.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { runNode } from './child.mjs';

const probes = fileURLToPath(new URL('probes/', import.meta.url));

/** A checkout on one side. `names` maps what a caller writes (names of BEFORE) to this side's. */
export class Checkout {
  #env;
  #files = 0;

  constructor({ side, root, folder, names, env }) {
    Object.assign(this, { side, root, folder, names });
    this.#env = { ORT_DISABLE_TELEMETRY: '1', ...env };
    this.bin = this.#binary();
    mkdirSync(folder, { recursive: true });
  }

  /** Path of a module as the checkout resolves it. */
  resolve(specifier) {
    return createRequire(join(this.root, 'package.json')).resolve(specifier);
  }

  #binary() {
    const manifest = this.resolve('hybridmed/package.json');
    return join(dirname(manifest), JSON.parse(readFileSync(manifest, 'utf8')).bin.hybridmed);
  }

  /** Runs the command line in the work folder, with arguments as BEFORE names them. */
  command(args, options) {
    return this.ownCommand(this.names.args(args), options);
  }

  /** The same with arguments as this checkout names them. */
  ownCommand(args, { timeout } = {}) {
    return runNode([this.bin, ...args], { cwd: this.folder, env: this.#env, timeout });
  }

  /** Runs a script of `probes/` with a value; resolves to `{ value, problem }`. */
  async probe(name, input, { timeout } = {}) {
    const [asked, answered] = ['in', 'out'].map((kind) => join(this.folder, `.probe-${this.#files}-${name}.${kind}.json`));
    this.#files++;
    writeFileSync(asked, JSON.stringify({ root: this.root, exports: this.names.exports, ...input }));
    const { problem } = await runNode([join(probes, `${name}.mjs`), asked, answered], { cwd: this.folder, env: this.#env, timeout });
    return problem === undefined ? { value: JSON.parse(readFileSync(answered, 'utf8')) } : { problem };
  }
}
