import type { Cost, Results, Sample, What } from '../../../bench/results.ts';

/** What a test says of a sample; the rest is the same for all. */
type Given = Pick<Sample, 'subject' | 'operation'> & Partial<Sample>;

/** Returns results as a run of the benchmark keeps them. */
export function makeResults(
  samples: readonly Given[],
  counts: readonly (Partial<Results['counts'][number]> & Pick<What, 'subject' | 'operation'>)[] = [],
): Results {
  const size = { workloads: 100, namespaces: 1 };
  const cost: Cost = { wallMs: 1_000, userMs: 500, systemMs: 100, peakKiB: 100 * 1024 };
  const passed = {
    requests: 110,
    writes: 102,
    bytesToServer: 50_000,
    bytesFromServer: 90_000,
    sockets: 8,
    writingMs: 600,
  };
  return {
    command: 'npm run bench',
    takenAt: '2026-01-01',
    minutes: 20,
    machine: { processor: 'A processor', processors: '2', memory: '8 GiB', kernel: 'Linux 6' },
    versions: { Kubernetes: 'v1.34.4', Node: 'v24.21.0' },
    files: { 'index.js': 2_000_000, 'trial.js': 40_000 },
    samples: samples.map((sample) => ({ ...size, ...cost, round: 1, ...sample })),
    counts: counts.map((count) => ({ ...size, ...passed, ...count })),
    failures: [],
  };
}
