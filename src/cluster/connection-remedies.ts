const UNTRUSTED =
  'Its certificate is not signed by the authority in the kubeconfig. Take "certificate-authority-data" from the cluster that the address belongs to; a kubeconfig without it trusts public authorities only.';

/** What to do about a server's certificate that is not accepted, by the code of OpenSSL or Node. */
export const CERTIFICATE_REMEDIES: Readonly<Record<string, string>> = {
  ERR_TLS_CERT_ALTNAME_INVALID: 'Its certificate is for another name; set "tls-server-name" in the kubeconfig.',
  DEPTH_ZERO_SELF_SIGNED_CERT: UNTRUSTED,
  SELF_SIGNED_CERT_IN_CHAIN: UNTRUSTED,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: UNTRUSTED,
  UNABLE_TO_GET_ISSUER_CERT: UNTRUSTED,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: UNTRUSTED,
  CERT_SIGNATURE_FAILURE: UNTRUSTED,
  INVALID_CA: UNTRUSTED,
  CERT_HAS_EXPIRED: 'Its certificate has expired.',
  CERT_NOT_YET_VALID: 'Its certificate is not valid yet; compare the clocks.',
};

/** What to do about a connection that does not come about, by the code of Node or undici. */
export const ROUTE_REMEDIES: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'Check the server address in the kubeconfig, and that the runner can reach it: nothing listens there.',
  ENOTFOUND: 'The name does not resolve from the runner. A private cluster needs a runner inside its network.',
  EAI_AGAIN: 'The name does not resolve from the runner. A private cluster needs a runner inside its network.',
  UND_ERR_CONNECT_TIMEOUT: 'No connection within the time limit; a firewall or a private network is the usual reason.',
  ETIMEDOUT: 'No connection within the time limit; a firewall or a private network is the usual reason.',
  UND_ERR_HEADERS_TIMEOUT: 'It accepted the connection but did not answer in time.',
};
