import { capital, listWords } from '../../../src/base/text.ts';
import { NEWEST_KNOWN_ENVOY } from '../../../src/filter/compatibility/host-functions.ts';
import { describeEnvoy } from '../../../src/filter/compatibility/proxy-version.ts';
import { BUILD_COMMANDS, remedyFor, toolchainsOf } from '../../../src/filter/compatibility/remedies.ts';
import { rootIdRemedy } from '../../../src/filter/compatibility/root-id.ts';
import { type KnownToolchain, TOOLCHAINS, type Toolchain } from '../../../src/filter/module/toolchain.ts';
import { readAgreement } from '../judged.ts';
import { blocks, fence, literal, prose } from '../markdown.ts';
import { type RefusalCause, SAMPLES, saidOf } from './samples.ts';
import { warningsOf } from './warnings.ts';

/** The causes whose remedy is to build in the usual way. */
const BUILD_CAUSES: readonly RefusalCause[] = ['abi', 'allocator', 'memory'];
const OTHER_CAUSES = (Object.keys(SAMPLES) as RefusalCause[]).filter((cause) => !BUILD_CAUSES.includes(cause));

/** The folders of the example in these languages. */
const EXAMPLES: Partial<Readonly<Record<KnownToolchain, string>>> = {
  Rust: 'rust',
  Go: 'go',
  AssemblyScript: 'assembly',
};

/** Which of examples/workflows builds with it. */
const WORKFLOWS: Readonly<Record<KnownToolchain, string>> = {
  Rust: 'build-rust.yml',
  Go: 'build-go.yml',
  TinyGo: 'build-tinygo.yml',
  AssemblyScript: 'build-assemblyscript.yml',
  'C++': 'build-cpp.yml',
};

/** What a machine lacks that has only the compiler. */
const SETUP: Partial<Readonly<Record<KnownToolchain, string>>> = {
  Rust: 'rustup target add wasm32-wasip1',
  AssemblyScript: 'npm install --save-dev assemblyscript @assemblyscript/wasi-shim @gcoredev/proxy-wasm-sdk-as',
};

/** Makes docs/toolchains.md of the checks' own causes and remedies. */
export function toolchainsPage(): string {
  return `${blocks(
    '# Toolchains',
    'How do I build a filter that Envoy takes, with my toolchain? And what does the check mean by what it says?',
    [
      'A filter is a WebAssembly module that exports a marker of the Proxy-Wasm ABI, an allocator and a memory, and imports only functions',
      'that the Envoy of your sidecars has. An SDK and the right flags see to all of it. `command: check` looks at a module without a',
      'cluster, and every deployment looks at it before it writes anything, unless `check: off` says that it should not. The check guesses',
      'the toolchain from what a compiler leaves in a module: its remedies are those of this page.',
    ].join('\n'),
    'What Envoy itself says of such a module is in [Troubleshooting](troubleshooting.md); which Envoy has which function, in [Versions](versions.md).',
    TOOLCHAINS.map((toolchain) => `- [${toolchain}](#${toolchain.toLowerCase().replaceAll('+', '')})`).join('\n'),
    ...TOOLCHAINS.map(toolchainSection),
    otherSection(),
    '<!-- Made of src/filter/compatibility/remedies.ts by `npm run docs`; a test compares them. -->',
  )}\n`;
}

function toolchainSection(toolchain: KnownToolchain): string {
  const causes = OTHER_CAUSES.filter((cause) => toolchainsOf(cause).includes(toolchain));
  return blocks(
    `## ${toolchain}`,
    fence([SETUP[toolchain] ?? [], BUILD_COMMANDS[toolchain]].flat().join('\n'), 'sh'),
    prose(withoutName(remedyFor('abi', toolchain), toolchain)),
    `A whole workflow that builds and deploys: [${WORKFLOWS[toolchain]}](../examples/workflows/${WORKFLOWS[toolchain]}). ${triedWords(toolchain)}`,
    `**Root id.** ${prose(rootIdRemedy(undefined, toolchain, undefined))}`,
    `**Smaller modules.** ${prose(withoutName(remedyFor('size', toolchain), toolchain))}`,
    ...causes.map((cause) => causeSection(cause, toolchain)),
    ...warningSections(toolchain),
  );
}

/** Whether real Envoys have run what this compiler makes. */
function triedWords(toolchain: KnownToolchain): string {
  const { versions, served } = readAgreement();
  const example = EXAMPLES[toolchain];
  const isServed = [...served].some((name) => name.startsWith(`${toolchain}, ABI`));
  if (example === undefined || !isServed)
    return 'No module of this compiler is among those that real Envoys have judged ([Agreement with Envoy](agreement.md)); what is said here is from the documentation of the SDK.';
  return `[An example](../examples/add-header/${example}) is built so, and Envoy ${listWords(versions, 'and')} have served it ([Agreement with Envoy](agreement.md)).`;
}

/** What holds for every toolchain, and for those that the check does not tell apart. */
function otherSection(): string {
  const causes = OTHER_CAUSES.filter((cause) => !isOfToolchains(cause));
  return blocks(
    '## Any toolchain',
    'What the check says where it does not know the toolchain, or has no other advice for yours.',
    `**Smaller modules.** ${prose(remedyFor('size', 'unknown'))}`,
    ...[...BUILD_CAUSES, ...causes].map((cause) => causeSection(cause, 'unknown')),
    ...warningSections('unknown'),
  );
}

/** Whether nothing is said of a cause but what stands in the section of its toolchain. */
function isOfToolchains(cause: RefusalCause): boolean {
  return toolchainsOf(cause).some((toolchain) => remedyFor(cause, toolchain) === remedyFor(cause, 'unknown'));
}

function causeSection(cause: RefusalCause, toolchain: Toolchain): string {
  const { title, envoy } = SAMPLES[cause];
  const where = envoy === undefined ? '' : `, for ${describeEnvoy(envoy)}`;
  return blocks(
    heading(title, toolchain),
    `The check says${where}:`,
    `> The filter … ${literal(saidOf(cause, toolchain, NEWEST_KNOWN_ENVOY))}`,
    prose(remedyFor(cause, toolchain)),
  );
}

function warningSections(toolchain: Toolchain): string[] {
  return warningsOf(toolchain).map(({ topic, text }) =>
    blocks(heading(topic, toolchain), `A warning, which stops nothing: ${prose(text)}`),
  );
}

/** With the toolchain's name, so that a link and a search lead to its own section. */
function heading(title: string, toolchain: Toolchain): string {
  if (toolchain === 'unknown' || title.includes(toolchain)) return `### ${title}`;
  return `### ${toolchain}: ${title.charAt(0).toLowerCase()}${title.slice(1)}`;
}

/** A remedy without the toolchain's name at its start, which is in the heading. */
function withoutName(remedy: string, toolchain: KnownToolchain): string {
  const name = `${toolchain}: `;
  return remedy.startsWith(name) ? capital(remedy.slice(name.length)) : remedy;
}
