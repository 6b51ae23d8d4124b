// ONNX Runtime as this package takes it: without the reports on use that it sends of itself since 1.29.
import process from 'node:process';

// Read when the first session is made. What is computed here stays here; and making the report ends the process where the command line
// is long (a regular expression over /proc/self/cmdline that recurses for each character). A value set by the user is left as it is.
process.env.ORT_DISABLE_TELEMETRY ??= '1';

export { InferenceSession, Tensor } from 'onnxruntime-node';
