// panva's oidc-provider with one client per token format, all for the same two audiences.
import * as crypto from 'node:crypto';

import Provider, { errors } from 'oidc-provider';

import {
  AUDIENCE, CLIENT_SECRET_SUFFIX, OTHER_AUDIENCE, SCOPES,
  readArguments, readState, serve, writeState,
} from './node_control.mjs';
import { makeAdapter } from './stored_adapter.mjs';

const REDIRECT_URI = 'https://client.example.com/callback';
const LOOPBACK = /^http:\/\/127\.0\.0\.1:\d+$/;
const SHORT_LIFETIME = 1;
const LIFETIME = 600;

// The format of the access token is chosen by the client that asks, the audience by RFC 8707.
const FORMATS = {
  'rs256-client': { alg: 'RS256' },
  'ps256-client': { alg: 'PS256' },
  'es256-client': { alg: 'ES256' },
  'eddsa-client': { alg: 'EdDSA' },
  'short-jwt-client': { alg: 'RS256', lifetime: SHORT_LIFETIME },
  'opaque-client': {},
  'short-opaque-client': { lifetime: SHORT_LIFETIME },
  'web-client': {},
  docs: { alg: 'RS256' },
  'docs-machine': { alg: 'RS256' },
};

const DOCS_CLIENTS = ['docs', 'docs-machine'];

// The pages of APIs on loopback, under whatever port. RFC 8252 section 7.3 lets the port vary.
const DOCS_PAGES = [
  '/docs/oauth2-redirect', '/oauth2-redirect.html', '/docs/oauth2-redirect.html',
  '/schema/oauth2-redirect.html',
];

const KEY_RECIPES = {
  RS256: ['rsa', { modulusLength: 2048 }],
  PS256: ['rsa', { modulusLength: 2048 }],
  ES256: ['ec', { namedCurve: 'P-256' }],
  EdDSA: ['ed25519', {}],
};

function makeKeys() {
  return Object.entries(KEY_RECIPES).map(([alg, [type, options]]) => {
    const { privateKey } = crypto.generateKeyPairSync(type, options);
    return { ...privateKey.export({ format: 'jwk' }), alg, use: 'sig' };
  });
}

function machineClient(id) {
  return {
    client_id: id,
    client_secret: id + CLIENT_SECRET_SUFFIX,
    grant_types: ['client_credentials'],
    redirect_uris: [],
    response_types: [],
  };
}

const webClient = {
  client_id: 'web-client',
  client_secret: `web-client${CLIENT_SECRET_SUFFIX}`,
  grant_types: ['authorization_code', 'refresh_token'],
  redirect_uris: [REDIRECT_URI],
  response_types: ['code'],
};

// Swagger UI in a browser: it keeps no secret, and is to use PKCE.
const docsClient = {
  client_id: 'docs',
  application_type: 'native',
  token_endpoint_auth_method: 'none',
  grant_types: ['authorization_code'],
  redirect_uris: DOCS_PAGES.map((page) => `http://127.0.0.1${page}`),
  response_types: ['code'],
};

const protectedResource = { ...machineClient('protected-resource'), grant_types: [] };

function resourceServer(_ctx, audience, client) {
  const format = FORMATS[client.clientId];
  if (!format || ![AUDIENCE, OTHER_AUDIENCE].includes(audience)) {
    throw new errors.InvalidTarget();
  }
  return {
    scope: SCOPES,
    audience,
    accessTokenTTL: format.lifetime ?? LIFETIME,
    accessTokenFormat: format.alg ? 'jwt' : 'opaque',
    ...(format.alg ? { jwt: { sign: { alg: format.alg } } } : undefined),
  };
}

// Swagger UI cannot send RFC 8707's `resource` to the token endpoint.
function defaultResource(_ctx, client, oneOf) {
  return oneOf ?? (DOCS_CLIENTS.includes(client?.clientId) ? AUDIENCE : undefined);
}

function makeProvider(issuer, keys, adapter, cookieKey) {
  const people = [webClient.client_id, docsClient.client_id];
  const machines = Object.keys(FORMATS).filter((id) => !people.includes(id));
  return new Provider(issuer, {
    adapter,
    clients: [...machines.map(machineClient), webClient, docsClient, protectedResource],
    clientBasedCORS: (_ctx, origin, client) => (
      DOCS_CLIENTS.includes(client.clientId) && LOOPBACK.test(origin)
    ),
    // Swagger UI offers the scopes of the metadata.
    scopes: ['openid', 'offline_access', ...SCOPES.split(' ')],
    jwks: { keys },
    cookies: { keys: [cookieKey] },
    findAccount: (_ctx, id) => ({ accountId: id, claims: () => ({ sub: id }) }),
    features: {
      clientCredentials: { enabled: true },
      devInteractions: { enabled: true },
      introspection: { enabled: true },
      revocation: { enabled: true },
      // Signed introspection answers (RFC 9701) stay off: answers are plain JSON.
      jwtIntrospection: { enabled: false },
      resourceIndicators: {
        enabled: true,
        defaultResource,
        getResourceServerInfo: resourceServer,
        // Tokens that the docs ask for with `openid` are for the API all the same.
        useGrantedResource: (ctx) => ctx.oidc.client.clientId === docsClient.client_id,
      },
    },
  });
}

const { port, state } = readArguments();
const issuer = `http://127.0.0.1:${port}`;
const adapter = makeAdapter(state);
const cookieKey = readState(state, 'cookie.json', () => crypto.randomBytes(32).toString('hex'));
writeState(state, 'cookie.json', cookieKey);

let generations = readState(state, 'keys.json', () => [makeKeys()]);
let handler;

function install() {
  writeState(state, 'keys.json', generations);
  handler = makeProvider(issuer, generations.flat(), adapter, cookieKey).callback();
}

install();
serve({
  port,
  current: () => handler,
  // The first fitting key in the list signs; the generation before it stays published.
  rotate: ({ keepPrevious }) => {
    generations = [makeKeys(), ...(keepPrevious ? generations.slice(0, 1) : [])];
    install();
  },
});
