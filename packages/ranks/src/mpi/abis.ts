// What differs between MPI libraries that are used without their headers: names of files, handles, constants.

/** Handles that the calls need. */
export const handleNames = ['world', 'float', 'double', 'int', 'byte', 'sum'] as const;

/** Name of a handle. */
export type HandleName = (typeof handleNames)[number];

/** One family of libraries that share a binary interface. */
export interface Abi {
  readonly name: string;
  /** File names by which the system's loader is asked, in order. */
  readonly files: readonly string[];
  /** C type of handles: their size is the distance of requests in an array. */
  readonly handle: { readonly type: 'int' | 'uintptr_t'; readonly bytes: 4 | 8 };
  /** Values of handles; a text names the symbol whose address is the handle. */
  readonly handles: Readonly<Record<HandleName, number | string>>;
  /** MPI_IN_PLACE. */
  readonly inPlace: number;
  /** MPI_THREAD_SERIALIZED: any thread calls, one at a time. */
  readonly threadSerialized: number;
  /** The library and its version in what MPI_Get_library_version writes; the pattern's group is the version. */
  readonly versions: readonly { readonly library: string; readonly pattern: RegExp }[];
}

const mpichVersions = [
  { library: 'Intel MPI', pattern: /Intel\(R\) MPI Library (\S+)/ },
  { library: 'Cray MPICH', pattern: /CRAY MPICH version (\S+)/ },
  { library: 'MVAPICH', pattern: /MVAPICH\d* Version\s*:\s*(\S+)/i },
  { library: 'MPICH', pattern: /MPICH Version:\s*(\S+)/ },
];
const openMpiVersions = [{ library: 'Open MPI', pattern: /Open MPI v?([\w.]+)/ }];

/** Open MPI 4 and 5: handles are addresses of the library's objects (`mpi.h`: `OMPI_PREDEFINED_GLOBAL`). */
export const openMpi: Abi = {
  name: 'Open MPI',
  files: ['libmpi.so.40'],
  handle: { type: 'uintptr_t', bytes: 8 },
  handles: {
    world: 'ompi_mpi_comm_world',
    float: 'ompi_mpi_float',
    double: 'ompi_mpi_double',
    int: 'ompi_mpi_int',
    byte: 'ompi_mpi_byte',
    sum: 'ompi_mpi_op_sum',
  },
  inPlace: 1,
  threadSerialized: 2,
  versions: openMpiVersions,
};

/** MPICH and its kin (the common interface of MPICH 3.1 on: Intel MPI, Cray MPICH, MVAPICH): handles are numbers. */
export const mpich: Abi = {
  name: 'MPICH',
  files: ['libmpi.so.12', 'libmpich.so.12'],
  handle: { type: 'int', bytes: 4 },
  handles: { world: 0x44000000, float: 0x4c00040a, double: 0x4c00080b, int: 0x4c000405, byte: 0x4c00010d, sum: 0x58000003 },
  inPlace: -1,
  threadSerialized: 2,
  versions: mpichVersions,
};

/** The standard's own binary interface (MPI 5.0, chapter 20): any library's `libmpi_abi`. */
export const standardAbi: Abi = {
  name: 'the standard ABI',
  files: ['libmpi_abi.so.1'],
  handle: { type: 'uintptr_t', bytes: 8 },
  handles: { world: 0x101, float: 0x210, double: 0x214, int: 0x209, byte: 0x247, sum: 0x21 },
  inPlace: 1,
  threadSerialized: 2048,
  versions: [...mpichVersions, ...openMpiVersions],
};
