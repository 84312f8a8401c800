// oauth2-mock-server: its own service behind our listener, with a short-lived client added by its
// documented event.
import {
  readArguments, readState, serve, writeState,
} from './node_control.mjs';
import { Events, OAuth2Issuer, OAuth2Service } from 'oauth2-mock-server';

const SHORT_LIFETIME = 1;

// The key store signs with its keys in turn. Naming the key makes rotation mean what it says.
class RotatingIssuer extends OAuth2Issuer {
  signingKid;

  buildToken(options) {
    return super.buildToken({ ...options, kid: this.signingKid });
  }
}

function shortenForShortClient(token, request) {
  if (request.body.client_id === 'short-jwt-client') {
    token.payload.exp = token.payload.iat + SHORT_LIFETIME;
  }
}

async function makeIssuer(url, storedKeys) {
  const issuer = new RotatingIssuer();
  issuer.url = url;
  // One after the other: the last key of the stored list is the one that signs.
  for (const key of storedKeys) {
    await issuer.keys.add(key);
  }
  return issuer;
}

const { port, state } = readArguments();
const url = `http://127.0.0.1:${port}`;
let handler;

async function install(keptKeys, { makeKey }) {
  const issuer = await makeIssuer(url, keptKeys);
  if (makeKey) await issuer.keys.generate('RS256');
  const keys = issuer.keys.toJSON(true);
  issuer.signingKid = keys.at(-1).kid;
  writeState(state, 'keys.json', keys);
  const service = new OAuth2Service(issuer);
  service.on(Events.BeforeTokenSigning, shortenForShortClient);
  handler = service.requestHandler;
}

const stored = readState(state, 'keys.json', () => []);
await install(stored, { makeKey: stored.length === 0 });
serve({
  port,
  current: () => handler,
  rotate: async ({ keepPrevious }) => {
    const keys = readState(state, 'keys.json', () => []);
    await install(keepPrevious ? keys.slice(-1) : [], { makeKey: true });
  },
});
