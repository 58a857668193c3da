import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { makeModule } from '../harness/action.ts';
import { startTestCluster, type TestCluster } from '../harness/cluster.ts';
import { type GitHubLab, startGitHub } from '../harness/github-lab.ts';
import { BUILD, type Lab, makeLab } from '../harness/sigstore-lab.ts';
import { Site } from './site.ts';

describe('a filter with an attestation', () => {
  let cluster: TestCluster;
  let lab: Lab;
  let github: GitHubLab;
  let bundle: object | undefined;
  beforeAll(async () => {
    cluster = await startTestCluster();
    lab = await makeLab();
    github = await startGitHub(() => ({ body: { attestations: bundle === undefined ? [] : [{ bundle }] } }));
  });
  afterAll(async () => {
    await github?.close();
    await cluster?.stop();
  });

  const attest = async (run: string): Promise<void> => {
    const sha256 = createHash('sha256').update(makeModule()).digest('hex');
    bundle = await lab.attest({ sha256, run });
  };
  const deploy = (site: Site, targets: readonly string[], attestation: string) =>
    site.run(
      'deploy',
      targets,
      { attestation },
      {
        environment: { GITHUB_API_URL: `${github.url}/` },
        authorities: [lab.authority],
      },
    );

  test('is deployed and reported with its build; another attestation of the same bytes changes nothing', async () => {
    const site = new Site(cluster, await cluster.namespace());
    await site.workload('reviews');
    await attest(BUILD.run);
    const first = await deploy(site, ['reviews'], BUILD.repository);
    expect(first.report).toMatchObject({
      outcome: 'deployed',
      problems: [],
      filters: [{ provenance: { repository: BUILD.repository, commit: BUILD.commit, run: BUILD.run } }],
    });
    expect(first.log).toContainEqual(expect.stringContaining(BUILD.run));
    cluster.recorder.reset();
    const again = BUILD.run.replace('/42/', '/43/');
    await attest(again);
    const second = await deploy(site, ['reviews'], BUILD.repository);
    expect(second.report).toMatchObject({ outcome: 'unchanged', filters: [{ provenance: { run: again } }] });
    expect(cluster.recorder.writes).toEqual([]);
  });

  test('of another build is refused with all else that is wrong, and nothing is written', async () => {
    const site = new Site(cluster, await cluster.namespace());
    await site.workload('reviews');
    await attest(BUILD.run);
    cluster.recorder.reset();
    const { report } = await deploy(site, ['reviews', 'missing'], 'bookshop/other');
    expect(report).toMatchObject({ outcome: 'failed', changed: false });
    expect(report.problems.map(({ kind }) => kind).sort()).toEqual(['provenance', 'targets']);
    expect(cluster.recorder.writes).toEqual([]);
  });

  test('that is missing is refused', async () => {
    const site = new Site(cluster, await cluster.namespace());
    await site.workload('reviews');
    bundle = undefined;
    cluster.recorder.reset();
    const { report } = await deploy(site, ['reviews'], BUILD.repository);
    expect(report.problems).toEqual([expect.objectContaining({ kind: 'provenance' })]);
    expect(cluster.recorder.writes).toEqual([]);
  });

  test('is not looked at on a GitHub that has none', async () => {
    const site = new Site(cluster, await cluster.namespace());
    await site.workload('reviews');
    const environment = { GITHUB_SERVER_URL: 'https://github.bookshop.example', GITHUB_API_URL: github.url };
    const asked = github.asked.length;
    const { report } = await site.run('deploy', ['reviews'], { attestation: BUILD.repository }, { environment });
    expect(report.problems).toEqual([expect.objectContaining({ kind: 'input', subject: 'input "attestation"' })]);
    expect(github.asked).toHaveLength(asked);
  });
});
