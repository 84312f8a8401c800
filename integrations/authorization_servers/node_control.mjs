// The room around a Node authorization server: arguments, state on disk, request counts and the
// control endpoints. The server itself stays as its authors wrote it.
import * as fs from 'node:fs';
import * as http from 'node:http';
import * as path from 'node:path';
import { parseArgs } from 'node:util';

export const CLIENT_SECRET_SUFFIX = '-local-secret';
export const AUDIENCE = 'https://api.example.com';
export const OTHER_AUDIENCE = 'https://other.example.com';
export const SCOPES = 'orders:read orders:write profile:read';

export function readArguments() {
  const { values } = parseArgs({
    options: {
      port: { type: 'string' },
      state: { type: 'string' },
      'exit-with-stdin': { type: 'boolean', default: false },
    },
  });
  if (!values.port || !values.state) {
    throw new Error('usage: node server.mjs --port PORT --state FOLDER [--exit-with-stdin]');
  }
  if (values['exit-with-stdin']) {
    // The launcher holds the other end: when it dies, however it dies, this process ends too.
    process.stdin.on('end', () => process.exit(0)).resume();
  }
  process.on('SIGTERM', () => process.exit(0));
  return { port: Number(values.port), state: values.state };
}

export function readState(folder, name, makeDefault) {
  const file = path.join(folder, name);
  return fs.existsSync(file) ? JSON.parse(fs.readFileSync(file, 'utf8')) : makeDefault();
}

export function writeState(folder, name, value) {
  const file = path.join(folder, name);
  fs.writeFileSync(`${file}.new`, JSON.stringify(value), { mode: 0o600 });
  fs.renameSync(`${file}.new`, file);
}

function sendJson(response, status, value) {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(JSON.stringify(value));
}

function makeControl(counts, rotate) {
  return async (request, response, url) => {
    if (request.method === 'GET' && url.pathname === '/__control/requests') {
      sendJson(response, 200, Object.fromEntries(counts));
    } else if (request.method === 'POST' && url.pathname === '/__control/rotate') {
      await rotate({ keepPrevious: url.searchParams.get('keep_previous') !== 'no' });
      sendJson(response, 200, { rotated: true });
    } else {
      sendJson(response, 404, { error: 'unknown control endpoint' });
    }
  };
}

// `current()` gives the request handler of the authorization server, which rotation replaces.
export function serve({ port, current, rotate }) {
  const counts = new Map();
  const control = makeControl(counts, rotate);
  const server = http.createServer((request, response) => {
    const url = new URL(request.url, 'http://127.0.0.1');
    if (url.pathname.startsWith('/__control/')) {
      control(request, response, url).catch((error) => {
        console.error(error);
        sendJson(response, 500, { error: 'control failed' });
      });
      return;
    }
    // The launcher's own readiness polls would make hard counts impossible.
    if (!('x-readiness-probe' in request.headers)) {
      counts.set(url.pathname, (counts.get(url.pathname) ?? 0) + 1);
    }
    current()(request, response);
  });
  server.listen(port, '127.0.0.1');
}
