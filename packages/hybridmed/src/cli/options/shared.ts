// Options that several commands share, each written once.
import { deviceHelp, deviceNames, tuningModes } from '@hybridmed/runtime/device';
import { precisions } from '@hybridmed/tensor';
import { choice, integer, option, several, string, toggle } from '@hybridmed/training/options';

/** The device that a command computes on. */
export const deviceOptions = {
  device: option({
    value: choice(deviceNames),
    argument: 'name',
    help: deviceHelp,
    default: 'auto',
  }),
  threads: option({ value: integer(1), argument: 'n', help: 'threads of the cpu device', defaultWords: 'all cores' }),
};

/** The numbers it computes with. */
export const precisionOption = {
  precision: option({
    value: choice(precisions),
    argument: 'p',
    help: 'f32, or mixed: activations as 16-bit floats, on webgpu adapters that support them',
    default: 'f32',
  }),
};

/** How a device selects kernel variants, for commands that train. */
export const tuningOption = {
  tuning: option({
    value: choice(tuningModes),
    argument: 'mode',
    help: 'webgpu: how kernel variants are selected: by rule (off), as earlier runs measured (cached), or measured in up to 2 s where none did; of several ranks by rule',
    default: 'measure',
  }),
};

/** Modules of a checkpoint's encoders: code is run only if the user names it. */
export const moduleOptions = {
  vision: option({ value: string(), argument: 'module', help: "the module of the checkpoint's vision encoder, if it was trained with one" }),
  text: option({ value: string(), argument: 'module', help: "the module of the checkpoint's text encoder, if it was trained with one" }),
};

/** Output for programs. */
export const jsonOption = { json: option({ value: toggle(), help: 'print one JSON document and nothing else', default: false }) };

/** A checkpoint that must have the model's parameters. */
export const checkpointHelp = "checkpoint, or a run's --out folder, or hf://org/name of one to download";

/** A checkpoint or its export. */
export const modelHelp = "checkpoint, a run's --out folder, an exported folder, or hf://org/name of one to download";

/** The part of a set that is measured. */
export const splitOption = { split: option({ value: choice(['train', 'validate', 'test']), argument: 'name', help: 'which split', default: 'test' }) };

/** A bound on the number of studies that are measured. */
export const limitOption = { limit: option({ value: integer(0), argument: 'n', help: 'maximum number of studies; 0 for all', default: 0 }) };

/** The rule by which thresholds are chosen on the validation split. */
export const thresholdOption = {
  threshold: option({ value: choice(['f1', 'mcc', 'youden']), argument: 'rule', help: 'metric that the validation thresholds maximize', default: 'f1' }),
};

/** Threads of the loader, for commands that train. */
export const workersOption = { workers: option({ value: integer(0), argument: 'n', help: 'threads that decode images' }) };

/** What servers of remote data want; which commands take it follows from what they read. */
export const remoteOptions = {
  httpHeaders: option({
    value: string(),
    argument: 'file',
    help: 'headers for servers of remote shards, in JSON by origin; keys of S3 and Google Cloud Storage come from the environment',
    defaultWords: '$HYBRIDMED_HTTP_HEADERS',
  }),
};

/** Radiographs, one or many, under either name. */
export const imageOptions = {
  image: option({ value: several(string()), argument: 'files', help: 'radiographs, one or many: PNG, JPEG or DICOM' }),
  images: option({ value: several(string()), argument: 'files', help: 'another name of --image' }),
};

/** The radiographs of both names; undefined where none is given. */
export const imagesOf = ({ image, images }: { readonly image?: readonly string[] | undefined; readonly images?: readonly string[] | undefined }) =>
  image && images ? [...image, ...images] : (image ?? images);
