import { describe } from '@jest/globals';
import { startEmbeddedRegistry } from '../harness/registry/embedded.ts';
import { registrySuite } from '../registry/suite.ts';

// The same suite as on the real registry (npm run test:registry), so that the one in this process cannot drift.
describe('the registry in this process', () => registrySuite(startEmbeddedRegistry));
