import { defineConfig } from 'vitest/config';

/** Every package's tests run on source, through the `hybridmed-source` export condition. */
export default defineConfig({
  resolve: { conditions: ['hybridmed-source'] },
  ssr: { resolve: { conditions: ['hybridmed-source', 'node', 'import', 'default'] } },
  test: {
    include: ['packages/*/test/**/*.test.ts', 'tools/**/*.test.ts', 'examples/**/*.test.ts', 'benchmarks/**/*.test.ts'],
    globalSetup: 'tools/support/shared-folder.ts',
    benchmark: { include: ['packages/*/bench/**/*.bench.ts'] },
    // Tests that open ONNX Runtime themselves report nothing either.
    env: { ORT_DISABLE_TELEMETRY: '1' },
    pool: 'forks',
    testTimeout: 240_000,
    hookTimeout: 240_000,
    maxWorkers: 2,
  },
});
