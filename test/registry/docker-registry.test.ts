import { describe } from '@jest/globals';
import { startRealRegistry } from '../harness/registry/real.ts';
import { registrySuite } from './suite.ts';

describe('docker-registry', () => registrySuite(startRealRegistry));
