// Chooses variants for a device: by a table saved with a run, by what is kept of earlier runs, by measuring within a budget, else by rule.
import type { AnyKernel, Capabilities } from '@hybridmed/kernels';
import type { DeviceChoices } from '@hybridmed/tensor';
import type { TuningIdentity, TuningStore, TuningTable } from './table.ts';
import { choicesFor, tableOf } from './table.ts';

/** `off`: by rule; `cached`: by what earlier runs measured, else by rule; `measure`: what no earlier run met is measured. */
export type TuningMode = 'off' | 'cached' | 'measure';

/** How a device chooses variants. */
export interface TuningOptions {
  readonly mode: TuningMode;
  /** Where choices are kept between runs; by default nowhere. */
  readonly store?: TuningStore;
  /** Seconds that measuring may take in all; what they do not reach keeps the rule's variant, now and in later runs (default 1.6: with the work around it, less than 2). */
  readonly seconds?: number;
}

/** A problem of a plan that has several variants, and how much work of its kind there is. */
export interface Tunable {
  readonly kernel: AnyKernel;
  readonly problem: unknown;
  readonly flops: number;
}

/** When measuring must end, and by which clock (milliseconds). */
export interface Deadline {
  readonly until: number;
  now(): number;
}

/** The fastest variant of a problem by measurement; null where the deadline or the adapter allowed none to be compared with the rule's. */
export type Measure = (kernel: AnyKernel, problem: unknown, deadline: Deadline) => Promise<string | null>;

/** What a tuner needs of its device: how to measure, the clock that the budget runs by, and who gets a line about the outcome. */
export interface TunerParts {
  readonly measure: Measure;
  now?(): number;
  tell(message: string): void;
}

/** The key of a problem's shape class in a table. */
export const classOf = ({ kernel: { name, variants }, problem }: Pick<Tunable, 'kernel' | 'problem'>): string => `${name} ${variants!.shapeClass(problem)}`;

/** The choices of one device. */
export class Tuner implements DeviceChoices {
  readonly #measure: Measure;
  readonly #now: () => number;
  readonly #capabilities: Capabilities;
  readonly #identity: TuningIdentity;
  readonly #chosen = new Map<string, string | null>();
  /** Classes that plans met: what a run's table holds. */
  readonly #met = new Set<string>();
  readonly #reported = new Set<string>();
  readonly #tell: (message: string) => void;
  #options: TuningOptions = { mode: 'off' };
  #left = 0;
  #loaded = false;

  constructor(identity: TuningIdentity, capabilities: Capabilities, { measure, now = () => performance.now(), tell }: TunerParts) {
    this.#measure = measure;
    this.#now = now;
    this.#capabilities = capabilities;
    this.#identity = identity;
    this.#tell = (message) => {
      if (!this.#reported.has(message)) tell(`tuning: ${message}`);
      this.#reported.add(message);
    };
  }

  /** Sets how choices are made from now on. */
  configure(options: TuningOptions): void {
    this.#options = options;
    this.#left = 1000 * (options.seconds ?? 1.6);
    this.#loaded = false;
  }

  /** Reads what earlier runs left, once. Nothing that a run's table has decided changes. */
  async load(): Promise<void> {
    const { mode, store } = this.#options;
    if (this.#loaded || mode === 'off' || !store) return;
    this.#loaded = true;
    for (const [key, choice] of Object.entries(await this.#read(store))) if (!this.#chosen.has(key)) this.#chosen.set(key, choice);
  }

  async #read(store: TuningStore): Promise<TuningTable['choices']> {
    try {
      const value = await store.load(this.#identity);
      return value === undefined ? {} : choicesFor(this.#identity, value);
    } catch (error) {
      this.#tell(`the kept table ${(error as Error).message.split('\n')[0]}; nothing of it is used`);
      return {};
    }
  }

  /** The variant that a problem takes; undefined for the rule's. A choice that this version does not know is left, with a line. */
  variantFor(kernel: AnyKernel, problem: unknown): string | undefined {
    if (!kernel.variants || this.#chosen.size === 0) return undefined;
    const key = classOf({ kernel, problem });
    const choice = this.#chosen.get(key);
    if (choice === undefined || choice === null) return undefined;
    if (kernel.variants.names(problem, this.#capabilities).includes(choice)) return choice;
    this.#tell(`"${choice}", chosen for ${key}, is no variant of it on this adapter; the rule's is used`);
    return undefined;
  }

  /** Decides the classes of a plan's problems that are still open, those with most work first. Returns whether one takes another variant than by rule. */
  async decide(tunables: readonly Tunable[]): Promise<boolean> {
    if (this.#options.mode === 'off' && this.#chosen.size === 0) return false;
    const open = new Map<string, Tunable>();
    for (const one of tunables) {
      const key = classOf(one);
      this.#met.add(key);
      const known = open.get(key);
      if (!this.#chosen.has(key)) open.set(key, { ...(known ?? one), flops: one.flops + (known?.flops ?? 0) });
    }
    if (open.size === 0) return false;
    const start = this.#now();
    const deadline: Deadline = { until: start + this.#left, now: this.#now };
    let [measured, others] = [0, 0];
    for (const [key, { kernel, problem }] of [...open].toSorted(([, a], [, b]) => b.flops - a.flops)) {
      const choice = this.#options.mode === 'measure' && this.#now() < deadline.until ? await this.#measure(kernel, problem, deadline) : null;
      this.#chosen.set(key, choice);
      if (choice !== null) measured++;
      if (choice !== null && choice !== kernel.variants!.names(problem, this.#capabilities)[0]) others++;
    }
    if (this.#options.mode !== 'measure') return false;
    const spent = this.#now() - start;
    const hadTime = this.#left > 0;
    this.#left -= spent;
    if (hadTime)
      this.#tell(
        `${measured} of ${open.size} shape classes measured in ${(spent / 1000).toFixed(1)} s; ${others} take${others === 1 ? 's' : ''} another variant than by rule`,
      );
    await this.#keep();
    return others > 0;
  }

  /** Writes all choices, beside those that other processes kept meanwhile. */
  async #keep(): Promise<void> {
    const { store } = this.#options;
    if (!store) return;
    const all = new Map([...Object.entries(await this.#read(store)), ...this.#chosen]);
    try {
      await store.save(tableOf(this.#identity, all));
    } catch (error) {
      this.#tell(`the choices cannot be kept (${(error as Error).message.split('\n')[0]})`);
    }
  }

  read(): TuningTable | undefined {
    const met = [...this.#met].flatMap((key): [string, string | null][] => (this.#chosen.has(key) ? [[key, this.#chosen.get(key)!]] : []));
    return met.length === 0 ? undefined : tableOf(this.#identity, new Map(met));
  }

  restore(saved: unknown): void {
    try {
      for (const [key, choice] of Object.entries(choicesFor(this.#identity, saved))) {
        this.#chosen.set(key, choice);
        this.#met.add(key);
      }
    } catch (error) {
      this.#tell(`the saved table ${(error as Error).message}; nothing of it is used`);
    }
  }
}
