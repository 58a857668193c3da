import { NO_PROTOCOL } from '../base/causes.ts';

const UNTRUSTED =
  'Take "certificate-authority-data" from the cluster that the address belongs to: the authority in the kubeconfig has not signed this certificate. A kubeconfig without it trusts public authorities only.';
const UNRESOLVED =
  'Check the name in the server address of the kubeconfig: it does not resolve from the runner. A private cluster needs a runner inside its network.';
const UNREACHED =
  'Check that a runner can reach the server address of the kubeconfig: a firewall or a private network is the usual reason.';

/** What to do about a server's certificate that is not accepted, by the code of OpenSSL or Node. */
export const CERTIFICATE_REMEDIES: Readonly<Record<string, string>> = {
  ERR_TLS_CERT_ALTNAME_INVALID:
    'Set "tls-server-name" in the kubeconfig to a name that the certificate has: it is for another one than the address.',
  DEPTH_ZERO_SELF_SIGNED_CERT: UNTRUSTED,
  SELF_SIGNED_CERT_IN_CHAIN: UNTRUSTED,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: UNTRUSTED,
  UNABLE_TO_GET_ISSUER_CERT: UNTRUSTED,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: UNTRUSTED,
  CERT_SIGNATURE_FAILURE: UNTRUSTED,
  INVALID_CA: UNTRUSTED,
  CERT_HAS_EXPIRED: 'Renew the certificate of the API server.',
  CERT_NOT_YET_VALID: 'Compare the clocks of the runner and the API server.',
};

/** What to do about a connection that does not come about, by the code of Node or undici. */
export const ROUTE_REMEDIES: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'Check the server address in the kubeconfig, and that the runner can reach it: nothing listens there.',
  ENOTFOUND: UNRESOLVED,
  EAI_AGAIN: UNRESOLVED,
  UND_ERR_CONNECT_TIMEOUT: UNREACHED,
  ETIMEDOUT: UNREACHED,
  [NO_PROTOCOL]:
    'Let what stands in front of the API server (a load balancer or a proxy) accept HTTP/1.1, as the API server itself does.',
  UND_ERR_HEADERS_TIMEOUT:
    'Check the API server (`kubectl get --raw /readyz`): it accepted the connection but did not answer in time.',
};
