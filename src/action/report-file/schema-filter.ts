import { flag, integer, list, named, number, object, oneOf, record, text, word } from '../../base/schema.ts';
import { DIRECTIONS, FAIL_POLICIES, PLUGIN_PHASES, PROXY_LOG_LEVELS } from '../../filter/settings.ts';

const PROVENANCE = object('The build that an attestation proves to have made it.', {
  repository: text('`OWNER/REPO`.'),
  workflow: text('The workflow that signed, `OWNER/REPO/PATH@REF`.'),
  ref: text('What was built, such as `refs/heads/main`.'),
  commit: text('40 hex digits.'),
  run: text('URL of the workflow run.'),
});

export const SETTINGS = object(
  'The settings for every target that has none of its own, as the inputs set them. Keys are those of the inputs.',
  {
    'root-id': text('Root id that the filter registers.'),
    'vm-id': text('Id of the Wasm VM.'),
    configuration: text('Handed to the filter byte for byte; secrets that are known are taken out here.'),
    direction: word('Traffic that the filter sees.', DIRECTIONS),
    'fail-policy': word('What Envoy does while the filter is broken.', FAIL_POLICIES),
    insert: text('Where it stands among the filters of a proxy, such as `before router`.'),
    order: integer('Its place among filters that stand there, too.', Number.MIN_SAFE_INTEGER),
    'mount-path': text('Folder in the proxy; of an image, meaningless.'),
  },
  {
    port: integer('Only this port; omitted for all.', 1),
    'reload-backoff': number('Seconds.'),
    'allow-on-headers-stop-iteration': flag('Omitted for no.'),
    environment: record(
      'Where the value of each variable comes from; the values are not told.',
      word('The input, or the proxy.', ['input', 'proxy'] as const),
    ),
    capabilities: list('What the filter may call; omitted for everything.', text('A name.')),
    'allow-precompiled': flag('Omitted for no.'),
    'log-level': word(
      'From which level on proxies log what filters say; omitted where that is unchanged.',
      PROXY_LOG_LEVELS,
    ),
    image: text('What the proxies pull; omitted where the module is mounted.'),
    'pull-secret': text('The Secret with the login of its registry.'),
    phase: word('Where a WasmPlugin stands.', PLUGIN_PHASES),
  },
);

export const SOURCE = oneOf(
  'Where it came from.',
  object('A file or an address.', {
    kind: word('A file of the workspace, or a web server.', ['file', 'https'] as const),
    given: text('What the input says.'),
  }),
  object('An image of a registry.', {
    kind: word('An image or artifact.', ['image'] as const),
    given: text('What the input says.'),
    pinned: text('What that was resolved to, `HOST/REPOSITORY@sha256:…`.'),
  }),
);

export const FILTER = named(
  'filter',
  object(
    'A filter as it was asked for.',
    {
      name: text('Its name.'),
      digest: text('sha256 digest of the module as it is delivered.'),
      bytes: integer('Size of the module as it is delivered.'),
      settings: SETTINGS,
    },
    {
      refusedSettings: list(
        'Its settings that were refused: what stands for their values in `settings` is none of them.',
        text('Its name.'),
      ),
      original: object('What it was before it was shrunk.', {
        digest: text('sha256 digest.'),
        bytes: integer('Size.'),
        how: text('How it was shrunk, in words.'),
      }),
      source: SOURCE,
      provenance: PROVENANCE,
      delivered: text('Why it is mounted or pulled, as a clause.'),
    },
  ),
);
