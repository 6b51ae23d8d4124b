// The kernels suite: every WGSL kernel's cases on this machine's adapter; it lives with the kernels.
import '../../packages/kernels/bench/main.ts';
