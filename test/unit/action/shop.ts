/** The workloads of a small shop, and what its pods say of a filter that Envoy rejects. */
const SHOP = ['productpage', 'details', 'reviews', 'ratings', 'checkout', 'payment', 'shipping', 'currency', 'email'];
export const workloads = [
  ...SHOP.map((name) => `shop/${name}`),
  'StatefulSet shop/cart',
  'edge/web',
  'DaemonSet edge/agent',
];

export const REFUSED = [
  'Envoy: Failed to configure base Wasm plugin',
  'event Unhealthy: Startup probe failed: HTTP probe failed with statuscode: 503',
];
