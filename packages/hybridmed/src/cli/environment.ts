// The environment variables that the packages read: for `doctor`, completion of documents, and a test that finds every use of one in this table.

/** One variable. */
export interface EnvironmentVariable {
  readonly name: string;
  readonly help: string;
  /** Whether its value may be shown to others: it holds no secret, and no path of a user's. */
  readonly shown?: true;
}

/** Variables of our own, and those of others that are read. Launchers of ranks have theirs in `@hybridmed/ranks/mpi`. */
export const environmentVariables: readonly EnvironmentVariable[] = [
  { name: 'HYBRIDMED_DEBUG', help: 'any value: failures that are defects print their stack, and errors of modules are not shortened', shown: true },
  { name: 'HYBRIDMED_TRACE', help: 'a file: the second step of a program on WebGPU is written there as a trace for Perfetto and `chrome://tracing`' },
  { name: 'HYBRIDMED_HTTP_HEADERS', help: 'a file of headers for requests to servers that data is read from; its contents are secret' },
  { name: 'HF_ENDPOINT', help: "the hub that `hf://org/name` is downloaded from (default: Hugging Face's)" },
  { name: 'HF_TOKEN', help: 'the token for private and gated models; it is secret, and sent to that hub alone' },
  { name: 'HF_HOME', help: 'where the cache of the hub lies, in a folder `hub` (default: `huggingface` below `XDG_CACHE_HOME`)' },
  { name: 'HF_HUB_CACHE', help: 'the cache of the hub itself, in place of the one in HF_HOME' },
  { name: 'HUGGINGFACE_HUB_CACHE', help: 'the earlier name of HF_HUB_CACHE' },
  { name: 'HF_HUB_OFFLINE', help: '1: nothing is downloaded from a hub, what is in the cache is used', shown: true },
  { name: 'MLFLOW_TRACKING_TOKEN', help: 'the token for the server that `pretrain --mlflow` names; it is secret, and sent to that server alone' },
  { name: 'MLFLOW_TRACKING_USERNAME', help: 'the user for that server, with the password in place of a token' },
  { name: 'MLFLOW_TRACKING_PASSWORD', help: 'its password; it is secret, and sent to that server alone' },
  { name: 'XDG_CACHE_HOME', help: 'where caches lie, in a folder `hybridmed` (default: `~/.cache`): features, indexes of data sets, unpacked drivers' },
  { name: 'XDG_CONFIG_HOME', help: "where Vulkan drivers of one's own are listed (default: `~/.config`)" },
  { name: 'XDG_CONFIG_DIRS', help: 'where the system lists Vulkan drivers (default: `/etc/xdg`)' },
  { name: 'XDG_DATA_HOME', help: "where Vulkan drivers of one's own are listed, too (default: `~/.local/share`)" },
  { name: 'XDG_DATA_DIRS', help: 'where the system lists Vulkan drivers, too' },
  { name: 'VK_DRIVER_FILES', help: 'Vulkan drivers to take, in place of those that are listed' },
  { name: 'VK_ICD_FILENAMES', help: 'the earlier name of VK_DRIVER_FILES' },
  { name: 'VK_ADD_DRIVER_FILES', help: 'Vulkan drivers to take beside those that are listed' },
  { name: 'LD_LIBRARY_PATH', help: 'where the system looks for libraries; with an entry that is no absolute path no MPI is loaded' },
  { name: 'ORT_DISABLE_TELEMETRY', help: 'set to 1 unless it is set: ONNX Runtime sends nothing', shown: true },
  { name: 'ONNXRUNTIME_NODE_INSTALL', help: 'read by npm install alone: `skip` downloads no CUDA files', shown: true },
];
