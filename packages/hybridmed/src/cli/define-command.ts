// What a command is: a name, options as rows, and a function that does its work. Flags, help, configuration files and the device are not its own.
import type { Device } from '@hybridmed/tensor';
import type { Options, Values } from '@hybridmed/training/options';
import type { OpenDeviceOptions } from './command-device.ts';
import type { Output } from './output.ts';

/** What a command works with. */
export interface CommandContext<O extends Options, A extends string> {
  /** Values of the options: flag, else configuration file, else default. */
  readonly values: Values<O>;
  /** The positional arguments by name. */
  readonly arguments: Readonly<Record<A, string>>;
  readonly output: Output;
  /** The words of the command line. */
  readonly words: readonly string[];
  /** Opens the device that the options name, and logs which and why; it is closed when the command ends. A second call gives the same one. */
  openDevice(options?: OpenDeviceOptions): Promise<Device>;
  /** Ends the command as a usage error. */
  usage(problem: string): never;
}

/** A command. */
export interface CommandDefinition {
  readonly name: string;
  readonly description: string;
  /** Help of the positional arguments by name, in their order; each must be given. */
  readonly arguments?: Readonly<Record<string, string>>;
  /** The options; a function where their rows load more than other commands need. */
  readonly options: Options | (() => Promise<Options>);
  /** Command lines without the program's name, and what each is for, where that is not plain: for help and the README. */
  readonly examples?: Readonly<Record<string, string>>;
  // oxlint-disable-next-line typescript/no-explicit-any -- any options: `defineCommand` has typed them.
  run(context: CommandContext<any, any>): Promise<void>;
}

/** Commands under one word, such as `data check`. */
export interface CommandGroup {
  readonly name: string;
  readonly description: string;
  readonly commands: readonly CommandDefinition[];
}

/** Types a command by its options and arguments. */
export function defineCommand<const O extends Options, const A extends string = never>(definition: {
  readonly name: string;
  readonly description: string;
  readonly arguments?: Readonly<Record<A, string>>;
  readonly options: O | (() => Promise<O>);
  readonly examples?: Readonly<Record<string, string>>;
  run(context: CommandContext<O, A>): Promise<void>;
}): CommandDefinition {
  return definition;
}

/** The options of a command. */
export const loadOptions = async ({ options }: CommandDefinition): Promise<Options> => (typeof options === 'function' ? options() : options);
