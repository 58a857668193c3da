import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import {
  gatewayOf,
  gatewayPluginName,
  gatewayPluginSpec,
  gatewayPodRevision,
  openSpec,
} from '../../../../src/mesh/gateway/plugin.ts';
import { changePlugins } from '../../../../src/mesh/gateway/plugin-change.ts';
import {
  type GatewayView,
  isGatewayView,
  podRevisionOnGateway,
  viewGateway,
} from '../../../../src/mesh/gateway/view.ts';
import { pluginWrites } from '../../../../src/mesh/gateway/writes.ts';
import { ownedLabels } from '../../../../src/mesh/identity/names.ts';
import type { PodRevision } from '../../../../src/mesh/identity/revision.ts';
import { renderWasmPlugin, type WasmPlugin } from '../../../../src/mesh/objects/wasm-plugin.ts';
import { filtersOn, patchWorkload, revisionOn, stateOn } from '../../../../src/mesh/template/template.ts';
import { must, problemsIn, pulledRevision, revision } from '../../builders.ts';

const WEB = { metadata: { name: 'web', namespace: 'shop', resourceVersion: '7' } };
const place = (filter: string, rootId = 'root'): PodRevision =>
  gatewayPodRevision(pulledRevision(filter, { rootId }), 'web');

/** The view once writes are done. */
function written(view: GatewayView, writes: ReturnType<typeof pluginWrites>): GatewayView {
  const names = new Set(writes.map(({ name }) => name));
  const kept = view.plugins.filter(({ metadata }) => !names.has(metadata.name));
  return viewGateway(view, [...kept, ...writes.flatMap(({ wanted }) => wanted ?? [])]);
}

/** Puts filters on a view and takes others from it. */
function changed(view: GatewayView, placed: readonly PodRevision[], remove: readonly string[] = []): GatewayView {
  const state = Object.fromEntries(placed.map(({ filter, id }) => [filter, { revision: id, run: 'r1' }]));
  const change = {
    podRevisions: placed,
    remove,
    state: (known: ReturnType<typeof stateOn>) => ({
      ...Object.fromEntries(Object.entries(known).filter(([filter]) => !remove.includes(filter))),
      ...state,
    }),
  };
  const patch = must(patchWorkload(view, change, 'Gateway shop/web', changePlugins));
  return patch === undefined ? view : written(view, pluginWrites(view, patch));
}

describe('the WasmPlugin that brings a filter to a Gateway', () => {
  test.each([
    ['add-header', 'web'],
    ['add', 'header.web'],
    ['a-b', 'c-d.e'],
  ])('of %s on %s is known by its name', (filter, gateway) => {
    const metadata = { name: gatewayPluginName(filter, gateway), labels: ownedLabels(filter, '0123456789') };
    expect(gatewayOf({ metadata })).toEqual({ filter, gateway });
  });

  test('is told from the filter resource of a revision', () => {
    expect(gatewayOf(renderWasmPlugin(pulledRevision(), 'shop'))).toBeUndefined();
    expect(gatewayOf({ metadata: { name: 'add-header.web' } })).toBeUndefined();
  });

  test('names the Gateway where the filter resource selects pods, and takes traffic of either side', () => {
    const { selector, match, ...rest } = renderWasmPlugin(pulledRevision('add-header', { port: 8080 }), 'shop').spec;
    expect(selector).toBeDefined();
    expect(gatewayPluginSpec({ selector: selector as never, match: match as never, ...rest }, 'web')).toEqual({
      ...rest,
      match: [{ mode: 'CLIENT_AND_SERVER', ports: [{ number: 8080 }] }],
      targetRefs: [{ group: 'gateway.networking.k8s.io', kind: 'Gateway', name: 'web' }],
    });
  });

  test('can let requests pass until it is there', () => {
    const { plugin = {} } = place('add-header');
    expect(openSpec(plugin)).toEqual({ ...plugin, failStrategy: 'FAIL_OPEN' });
  });
});

describe('a Gateway as a target', () => {
  test('carries nothing before anything names it', () => {
    const view = viewGateway(WEB, []);
    expect(isGatewayView(view)).toBe(true);
    expect([filtersOn(view), stateOn(view)]).toEqual([[], {}]);
    expect(view.spec?.selector).toEqual({ matchLabels: { 'gateway.networking.k8s.io/gateway-name': 'web' } });
  });

  test.each([
    [[{ protocol: 'HTTP' }, { protocol: 'HTTPS' }], false],
    [[{ protocol: 'HBONE' }], true],
    [undefined, undefined],
  ])('with the listeners %j: a waypoint? %s', (listeners, waypoint) => {
    const read = viewGateway({ ...WEB, ...(listeners === undefined ? {} : { spec: { listeners } as never }) }, []);
    expect(read.waypoint).toBe(waypoint);
    expect(viewGateway(read, []).waypoint).toBe(waypoint);
  });

  test('does not take a record on the Gateway itself for one of ours', () => {
    const annotations = { 'deploy-wasm-filter/state': '{"x":{"revision":"1","run":"r"}}', other: 'stays' };
    const view = viewGateway({ metadata: { ...WEB.metadata, annotations } }, []);
    expect(view.metadata.annotations).toEqual({ other: 'stays' });
  });

  test('cannot run what would have to be mounted', () => {
    const { filter, id, settings } = revision();
    const mounted = { filter, id, mountPath: settings.mountPath };
    const change = { podRevisions: [mounted], remove: [], state: () => ({}) };
    expect(problemsIn(patchWorkload(viewGateway(WEB, []), change, 'Gateway shop/web', changePlugins))[0]).toMatchObject(
      {
        subject: 'Gateway shop/web',
        message: expect.stringMatching(/cannot run add-header from a ConfigMap/),
      },
    );
  });

  test('says what of an edited one is there', () => {
    const view = changed(viewGateway(WEB, []), [place('add-header')]);
    const [plugin] = view.plugins as [WasmPlugin];
    const edited = viewGateway(view, [{ ...plugin, spec: { ...plugin.spec, priority: 9 } }]);
    const { id } = place('add-header');
    expect(podRevisionOnGateway(edited, 'add-header', id)).toMatchObject({ id, plugin: { priority: 9 } });
    expect(podRevisionOnGateway(edited, 'add-header', 'ffffffffff')).toBeUndefined();
  });

  const filters = fc.uniqueArray(fc.constantFrom('a', 'a-b', 'b', 'add-header'), { minLength: 1 });
  const roots = fc.constantFrom('one', 'two');

  test('has after the writes what the patch says, writes nothing twice, and goes back to the letter', () => {
    fc.assert(
      fc.property(filters, roots, filters, roots, filters, (first, root, second, other, gone) => {
        const before = changed(
          viewGateway(WEB, []),
          first.map((filter) => place(filter, root)),
        );
        const placed = second.map((filter) => place(filter, other));
        const remove = gone.filter((filter) => !second.includes(filter));
        const after = changed(before, placed, remove);
        for (const { filter, id } of placed) {
          expect(revisionOn(after, filter)).toBe(id);
          expect(stateOn(after)[filter]?.revision).toBe(id);
        }
        const left = first.filter((filter) => !second.includes(filter) && !remove.includes(filter));
        expect(filtersOn(after).sort()).toEqual([...second, ...left].sort());
        expect(changed(after, placed, remove)).toBe(after);
        const back = first.map((filter) => place(filter, root));
        const fresh = second.filter((filter) => !first.includes(filter));
        expect(byName(changed(after, back, fresh))).toEqual(byName(before));
      }),
    );
  });

  test('deletes only what is there', () => {
    const view = viewGateway(WEB, []);
    const labels = { 'deploy-wasm-filter/add-header': null };
    expect(pluginWrites(view, { spec: { template: { metadata: { labels } } } })).toEqual([]);
  });
});

function byName(view: GatewayView): Record<string, unknown> {
  return Object.fromEntries(view.plugins.map(({ metadata, spec }) => [metadata.name, { metadata, spec }]));
}
