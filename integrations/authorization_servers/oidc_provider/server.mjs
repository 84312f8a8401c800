// panva's oidc-provider with one client per token format, all for the same two audiences.
import * as crypto from 'node:crypto';

import Provider, { errors } from 'oidc-provider';

import {
  AUDIENCE, CLIENT_SECRET_SUFFIX, OTHER_AUDIENCE, SCOPES,
  readArguments, readState, serve, writeState,
} from './node_control.mjs';
import { makeAdapter } from './stored_adapter.mjs';

const REDIRECT_URI = 'https://client.example.com/callback';
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
};

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

function makeProvider(issuer, keys, adapter, cookieKey) {
  const machines = Object.keys(FORMATS).filter((id) => id !== webClient.client_id);
  return new Provider(issuer, {
    adapter,
    clients: [...machines.map(machineClient), webClient, protectedResource],
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
      resourceIndicators: { enabled: true, getResourceServerInfo: resourceServer },
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
