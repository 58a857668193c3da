import { availableParallelism } from 'node:os';

// biome-ignore lint/style/noDefaultExport: jest reads the default export.
export default {
  // Most of what integration tests take is waiting; jest itself would leave a processor idle.
  maxWorkers: 2 * availableParallelism(),
  transform: {},
  testEnvironment: '<rootDir>/test/harness/jest/environment.ts',
  testRunner: '<rootDir>/test/harness/jest/runner.ts',
  testMatch: ['<rootDir>/test/**/*.test.ts'],
  testTimeout: 60_000,
  // Those need real programs, clusters or runners, and have commands of their own.
  testPathIgnorePatterns: ['/node_modules/', '/test/mesh/', '/test/agreement/', '/test/registry/', '/test/workflows/'],
};
