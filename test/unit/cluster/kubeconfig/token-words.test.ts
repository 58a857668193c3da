import { createHash } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import { tokensIn, withoutTokens } from '../../../../src/cluster/kubeconfig/token-words.ts';

const UUID = '6b1c2a3e-0f4d-4e5a-9b7c-8d2e1f3a4b5c';

describe('what a reader needs stays', () => {
  test.each([
    'To sign in, open the page https://microsoft.com/devicelogin and enter the code A1B2C3D4E to authenticate.',
    'open https://device.sso.eu-central-1.amazonaws.com/?user_code=ABCD-EFGH',
    'User: arn:aws:sts::123456789012:assumed-role/deployer/i-0abc1234def567890 is not authorized',
    'arn:aws:iam::123456789012:role/github-actions-eks-deployer-production',
    'An error occurred (AccessDenied) when calling the AssumeRoleWithWebIdentity operation: InvalidClientTokenId',
    'botocore.exceptions.UnauthorizedSSOTokenError: /opt/hostedtoolcache/Python/3.11.4/x64/lib/python3.11/site-packages',
    `AADSTS70011 Trace ID: ${UUID} Correlation ID: ${UUID.toUpperCase()} Timestamp: 2026-01-01 00:00:00Z`,
    `https://login.microsoftonline.com/${UUID}/oauth2/v2.0/token?client_id=${UUID}`,
    'lookup 7A3F09C4D1E2B586F7A0C9D3E1B2F465.gr7.eu-central-1.eks.amazonaws.com: no such host',
    'no client.authentication.k8s.io/v1beta1 in k8s.io/client-go v0.0.0-20240101120000-abcdef123456',
    'deployer@my-project-123456.iam.gserviceaccount.com of projects/my-project-123456/locations/europe-west1',
    'RequestId: 01234567890123456789, AZURE_FEDERATED_TOKEN_FILE is not set, /home/runner/.aws/sso/cache',
    'Error: a_file_with_a_very_long_name_of_words.json is not there…',
  ])('%s', (line) => {
    expect(withoutTokens(line)).toBe(line);
  });
});

describe('what looks like a token does not', () => {
  test.each<[string, string]>([
    ['token wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY!', 'token ***!'],
    ['{"token":"k8s-aws-v1.aHR0cHM6"}', '{"token":"***"}'],
    ['TOKEN=eyJhbGciOiJSUzI1NiJ9', 'TOKEN=***'],
    ['https://api.example.com/3f9a0c4d1e2b586f7a0c9d3e1b2f4650', 'https://api.example.com***'],
    ['https://api.example.com/?code=Zt8Hn2Lk9XvB0dYcWmEa7Rf', 'https://api.example.com/?code=***'],
    ['what was cut: Zt8Hn2Lk…', 'what was cut: ***'],
    [`${UUID}/Zt8Hn2Lk9XvB0dYcWmEa7Rf`, '***'],
    ['JBSWY3DPEHPK3PXPJBSWY3DP', '***'],
  ])('%s', (line, shown) => {
    expect(withoutTokens(line)).toBe(shown);
  });

  test.each(['hex', 'base64', 'base64url'] as const)('what is random, in %s', (encoding) => {
    const tokens = Array.from({ length: 1_000 }, (_, at) => createHash('sha256').update(`${at}`).digest(encoding));
    expect(tokens.filter((token) => tokensIn(token).length !== 1)).toEqual([]);
  });
});
