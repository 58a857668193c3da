import { Fleet } from '../fleet.ts';
import { type Competitor, folderOf, type Lab, type Way } from '../lab.ts';
import { measured } from '../measured.ts';
import type { Tool } from '../programs.ts';
import type { Size, Subject } from '../results.ts';

/** What a peer is told, to write its files. */
export interface PeerSite {
  readonly lab: Lab;
  readonly fleet: Fleet;
  /** The path of its tool. */
  readonly program: string;
  /** Its own. */
  readonly folder: string;
}

/** What a user would take instead of the action. */
export interface Peer {
  readonly subject: Subject;
  readonly tool: Tool;
  /** Writes its files. */
  prepare(site: PeerSite): Promise<PreparedPeer>;
}

export interface PreparedPeer {
  /** Writes the files of a round, whose settings are new; returns the command that deploys the filter with them. */
  readonly deploy: (round: number) => Promise<readonly string[]>;
  /** The command that comes once before; omitted where it needs none. */
  readonly before?: readonly string[];
}

/** Gives a peer Deployments of its own. */
export async function peer(lab: Lab, size: Size, { subject, tool, prepare }: Peer): Promise<Competitor> {
  const program = lab.programs[tool];
  if (program === undefined) throw new Error(`${tool} was not built`);
  const name = `${subject}-${size.workloads}-${size.namespaces}`;
  const fleet = await Fleet.create(lab.api, `${lab.prefix}-${name}`, size);
  const folder = await folderOf(lab, name);
  const home = await folderOf(lab, 'home');
  const { deploy, before } = await prepare({ lab, fleet, program, folder });
  const run = (command: readonly string[], { file }: Way) =>
    // One home for all rounds: what the API server serves is asked for once, as on a machine that has been used before.
    measured(lab.programs.measure, command, { KUBECONFIG: file, HOME: home, FOLDER: folder });
  if (before !== undefined) {
    await run(before, lab.straight);
    await fleet.settled();
  }
  return {
    cycle: async (take, round) => {
      const command = await deploy(round);
      await take(subject, 'deploy', (way) => run(command, way));
      await fleet.expect('filtered');
      await fleet.settled();
      await fleet.reset();
    },
    end: () => fleet.remove(),
  };
}
