// A module is plain data plus a call: named parameter specs, and a function from a scope and inputs to traced values.
import type { Key, Tensor, Tensors } from '@hybridmed/tensor';
import { foldIn, HybridmedError, remat } from '@hybridmed/tensor';
import type { ParameterSpecs } from './parameters.ts';

/** A part of a model. `call` reads its parameters from the scope by the names in `parameters`. */
export interface Module<A extends readonly unknown[] = readonly [Tensor], R = Tensor> {
  readonly parameters: ParameterSpecs;
  call(scope: Scope, ...inputs: A): R;
}

/** What a module sees of the run it is traced in: its own parameters, the mode, random keys and where buffer updates go. */
export interface Scope {
  /** True in training: dropout is on, batch norm uses and updates batch statistics. */
  readonly training: boolean;
  /** The parameter called `name` in this module. Throws a HybridmedError naming the full name when it is missing. */
  get(name: string): Tensor;
  /** The parameter called `name`, or undefined where there is none: for parts that a model may lack, such as adapters. */
  find(name: string): Tensor | undefined;
  /** True where the parameter called `name` in this module is frozen. */
  frozen(name: string): boolean;
  /** The scope of the part called `name`. */
  child(name: string): Scope;
  /** A random key of this scope's own, or undefined when none was given (no dropout). */
  key(): Key | undefined;
  /** Records a buffer's new value (running statistics). */
  update(name: string, value: Tensor): void;
  /** Runs one layer of a stack; with `remat`, its inner values are computed again for the backward pass instead of being kept. */
  layer<T>(run: () => T): T;
}

/** Options of a root scope. */
export interface ScopeOptions {
  training?: boolean;
  key?: Key;
  /** Receives buffer updates by full name. */
  updates?: Record<string, Tensor>;
  /** Specs of the parameters by full name, which say what is frozen. */
  specs?: ParameterSpecs;
  /** Recomputes each layer's inner values in the backward pass: less memory for one more forward pass. */
  remat?: boolean;
}

/** The scope of a whole model over its parameters by full name. */
export function rootScope(parameters: Tensors, { training = false, key, updates = {}, specs = {}, remat: recompute = false }: ScopeOptions = {}): Scope {
  const at = (prefix: string): Scope => ({
    training,
    get(name) {
      const value = parameters[prefix + name];
      if (!value) throw new HybridmedError(`parameter "${prefix + name}" is missing; load a checkpoint that has it or initialize the model`);
      return value;
    },
    find: (name) => parameters[prefix + name],
    frozen: (name) => specs[prefix + name]?.frozen ?? false,
    child: (name) => (name === '' ? at(prefix) : at(`${prefix}${name}.`)),
    key: () => key && foldIn(key, prefix),
    update(name, value) {
      updates[prefix + name] = value;
    },
    layer: (run) => (recompute ? remat(run)() : run()),
  });
  return at('');
}
